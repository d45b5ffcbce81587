"""Lines of the log of tests: what does not matter has a default."""

from dataclasses import replace

from handrail.core.logged import LogLine

LINE = LogLine(
    time="2026-11-21T09:14:37.123Z",
    node_id="test_a.py::test_a",
    phase="call",
    level="WARNING",
    logger="app.db",
    message="slow query",
)
SHOWN = "09:14:37.123 call     WARNING  app.db: "
"""How a person sees it, but for the message."""


def line(message: str, node_id: str = LINE.node_id, exception: str = "") -> LogLine:
    return replace(LINE, message=message, node_id=node_id, exception=exception)
