"""Handrail: tests in parallel, each bounded in time and memory, behind safe tiers, with one verdict.

PYTEST_DONT_REWRITE: there are no tests in here whose assertions pytest would have to explain.
"""

__version__ = "0.1.0"
