"""The vocabulary of Handrail: units, outcomes, tiers, events and records. No I/O, no decisions."""
