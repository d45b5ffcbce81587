"""What a project tells its agents about its tests."""

AGENTS_MD = """\
<!-- handrail:begin -->
## Tests

Run tests with `handrail run` (all safe ones), `handrail run PATH` or `handrail run NODEID`; never with plain pytest.
Exit 8 means that it still runs: paste the `next:` command. Exit 1: mend, then `handrail rerun`.
`handrail explain latest F1` shows a failure in full. Exit 5: a gate is closed; ask a person, do not go around it.
All of it on one page: `handrail help agents`.
<!-- handrail:end -->"""
"""The block for AGENTS.md."""
