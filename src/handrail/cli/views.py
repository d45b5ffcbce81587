"""What whoever runs tests sees while they run: on stderr progress, on stdout events if asked for."""

import argparse
from collections.abc import Callable
from typing import Self, TextIO

from handrail.core.folding import Folding
from handrail.execution.console import Console, terminal_columns
from handrail.model.events import Event
from handrail.reporters.live import LiveView, live


def view(
    arguments: argparse.Namespace,
    shape: str,
    folding: Folding,
    stream: TextIO,
    console: Console | None = None,
) -> LiveView:
    """The view of a run on this stream. ``console``: who watches, if it is elsewhere."""
    if arguments.is_quiet:
        return NoView()
    is_terminal = stream.isatty() and shape != "github"
    columns = terminal_columns() if console is None else console.columns
    found = live(folding, stream, is_terminal=is_terminal, is_coloured=True, width=columns)
    return found if console is None else Paced(found, console)


def printer(shape: str) -> Callable[[Event], None] | None:
    """Prints each event, where that is the answer."""
    if shape != "ndjson":
        return None
    from handrail.reporters.ndjson import line

    return lambda event: print(line(event), end="", flush=True)


class NoView:
    """For whoever wants to see nothing."""

    def tick(self, now: float) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class Paced:
    """Draws only for a watcher who has taken in what was sent before: a drawing that nobody saw in
    time is worth nothing, and one that was left out on the way would spoil the next.
    """

    def __init__(self, inner: LiveView, console: Console) -> None:
        self._inner = inner
        self._console = console

    def tick(self, now: float) -> None:
        """Show where the run stands, if it is time to and the watcher keeps up."""
        if not self._console.is_behind():
            self._inner.tick(now)

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._inner.__exit__(*exception)
