"""What a person or a harness sees while tests run. Draws on a stream handed in; reads no clock."""

import importlib.util
from collections.abc import Sequence
from typing import Protocol, Self, TextIO

from handrail.core.folding import Folding
from handrail.core.progress import Standing, eta, is_slow, waited_s
from handrail.core.text import encodable
from handrail.model.units import format_duration
from handrail.reporters import lines

HEARTBEAT_S = 8.0
"""Some harnesses stop a command that is silent for ten seconds."""
REDRAW_S = 0.1
MAX_RUNNING = 5
"""Running tests that are shown, those first that run longest."""


class LiveView(Protocol):
    """Something that shows a run while it goes on. A context manager: it tidies up on exit."""

    def tick(self, now: float) -> None:
        """Show where the run stands, if it is time to. ``now``: epoch seconds. Cheap otherwise."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


def live(
    folding: Folding,
    stream: TextIO,
    *,
    is_terminal: bool,
    is_coloured: bool = False,
    width: int = 80,
) -> LiveView:
    """The view for this stream: heartbeats, or on a terminal a display that is drawn over.

    On a terminal it uses rich where that is installed.
    """
    if not is_terminal:
        return Heartbeat(folding, stream)
    if importlib.util.find_spec("rich") is None:
        return StatusLine(folding, stream, width=width)
    return RichView(folding, stream, width=width, is_coloured=is_coloured)


def status_line(standing: Standing, now: float) -> str:
    """``187/412 tests, 3 failed, 1m12s, about 2m left (history)``."""
    is_collecting = standing.total is None
    parts = [
        "collecting" if is_collecting else f"{standing.done}/{standing.total} tests",
        f"{standing.bad} failed" if standing.bad else "",
        _spent(standing, now),
        lines.eta_text(eta(standing, now)),
    ]
    return ", ".join(part for part in parts if part)


def _spent(standing: Standing, now: float) -> str:
    return format_duration(max(0.0, now - standing.started_at))


def running_lines(standing: Standing, now: float, limit: int = MAX_RUNNING) -> list[str]:
    """The tests that run now, longest first: ``12s tests/a.py::t SLOW (usually 2s)``."""
    waits = sorted(
        ((waited_s(each, standing, now), each) for each in standing.running),
        key=lambda pair: (-pair[0], pair[1].test),
    )
    shown = []
    for for_s, each in waits[:limit]:
        usual = "" if each.usual_s is None else f" (usually {format_duration(each.usual_s)})"
        slow = f" SLOW{usual}" if is_slow(for_s, each.usual_s) else ""
        shown.append(f"{format_duration(for_s)} {lines.words(each.test, 160)}{slow}")
    omitted = len(waits) - limit
    return [*shown, f"+{omitted} more running"] if omitted > 0 else shown


class Heartbeat:
    """Plain lines, one at least every 8 s as long as ``tick`` is called often enough."""

    def __init__(self, folding: Folding, stream: TextIO) -> None:
        self._folding = folding
        self._stream = stream
        self._printed_at: float | None = None
        self._ticked_at = 0.0

    def tick(self, now: float) -> None:
        """Print a line if the next tick, expected after as long as this one, would be too late."""
        if self._printed_at is None:
            self._printed_at = self._ticked_at = now
        expected_at = now + (now - self._ticked_at)
        self._ticked_at = now
        if expected_at - self._printed_at <= HEARTBEAT_S and now - self._printed_at < HEARTBEAT_S:
            return
        self._printed_at = now
        standing = self._folding.progress()
        parts = [status_line(standing, now), *running_lines(standing, now, limit=2)]
        _write(self._stream, "; ".join(parts) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing is left on the stream that would have to go."""


class StatusLine:
    """One line on a terminal, drawn over again and again, and removed at the end."""

    def __init__(self, folding: Folding, stream: TextIO, *, width: int) -> None:
        self._folding = folding
        self._stream = stream
        self._width = width
        self._drawn_at: float | None = None

    def tick(self, now: float) -> None:
        """Draw the line again if it is old enough."""
        if self._drawn_at is not None and now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        standing = self._folding.progress()
        text = "; ".join([status_line(standing, now), *running_lines(standing, now, limit=1)])
        _write(self._stream, f"\r{text[: self._width - 1]}\x1b[K")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove the line."""
        if self._drawn_at is not None:
            _write(self._stream, "\r\x1b[K")


class RichView:
    """Several lines on a terminal, drawn by rich without a thread of its own."""

    def __init__(self, folding: Folding, stream: TextIO, *, width: int, is_coloured: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self._folding = folding
        self._drawn_at: float | None = None
        self._width = width
        console = Console(file=stream, force_terminal=True, width=width, no_color=not is_coloured)
        # No refresh thread: the controller forks, and a fork with threads alive may hang.
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def tick(self, now: float) -> None:
        """Draw again if the drawing is old enough."""
        from rich.text import Text

        if self._drawn_at is not None and now - self._drawn_at < REDRAW_S:
            return
        self._drawn_at = now
        drawing = Text("\n".join(self._rows(now)), no_wrap=True, overflow="ellipsis")
        drawing.highlight_words(["SLOW"], "bold yellow")
        self._live.update(drawing, refresh=True)

    def _rows(self, now: float) -> Sequence[str]:
        standing = self._folding.progress()
        first = f"{bar(standing.done, standing.total)} {status_line(standing, now)}".strip()
        return [first, *(f"  {row}" for row in running_lines(standing, now))]

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Remove the drawing."""
        self._live.stop()


def bar(done: int, total: int | None, width: int = 20) -> str:
    """``[#####---------------]``; empty as long as the total is not known."""
    if not total:
        return ""
    filled = min(width, done * width // total)
    return f"[{'#' * filled}{'-' * (width - filled)}]"


def _write(stream: TextIO, text: str) -> None:
    stream.write(encodable(text, stream.encoding or "utf-8"))
    stream.flush()
