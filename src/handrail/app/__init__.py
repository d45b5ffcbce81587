"""Use cases: what a command does, step by step, with everything outside handed in."""
