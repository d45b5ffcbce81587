"""A small home-security system: sensors and cameras report, rules decide, people are told."""
