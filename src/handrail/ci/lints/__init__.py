"""Faults of workflows, each with a code that is stable."""
