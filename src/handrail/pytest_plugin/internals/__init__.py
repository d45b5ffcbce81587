"""Everything that touches pytest's private names, by subsystem of pytest, each with the reason.

What is here has no public equivalent in pytest 8.4 to 9.2. The conformance tests run against every
supported version, so a change there shows up here and nowhere else.
"""
