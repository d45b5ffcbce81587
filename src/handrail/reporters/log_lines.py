"""Lines of the log of tests, for people. Everything here is harmless to print."""

from collections import deque
from collections.abc import Callable, Iterable

from handrail.core.logged import LogLine
from handrail.core.text import clean, one_line, shorten
from handrail.frozen import dataclass, replace

_TEXT_BYTES = 2_000


def log_text(line: LogLine) -> str:
    """``09:14:37.123 call     WARNING  app.db: message``; what has more lines goes on below, indented."""
    head = f"{line.time[11:-1]} {line.phase:<8} {line.level:<8} {line.logger}: "
    told = "\n".join(each for each in (line.message, line.exception) if each)
    first, *rest = clean(told).split("\n")
    return "\n".join([f"{one_line(head)}{first}".rstrip(), *(f"    {each}" for each in rest)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The last lines, as many as there was room for."""

    lines: tuple[LogLine, ...]
    omitted: int
    """How many came before those."""


def tail(
    lines: Iterable[LogLine],
    *,
    most: int | None,
    most_bytes: int,
    size: Callable[[LogLine], int],
) -> Tail:
    """The last of these lines: at most so many, and not longer together; one at least."""
    # None is shorter than a byte; what will not be shown is not measured.
    last: deque[LogLine] = deque(maxlen=most_bytes if most is None else min(most, most_bytes))
    count = 0
    for line in lines:
        count += 1
        last.append(line)
    kept: list[LogLine] = []
    while last and ((most_bytes := most_bytes - size(last[-1])) >= 0 or not kept):
        kept.append(last.pop())
    return Tail(lines=tuple(reversed(kept)), omitted=count - len(kept))


def section(lines: Iterable[LogLine], limit_lines: int) -> str:
    """The last lines as text, with what was left out said; empty if there are none."""
    kept: deque[str] = deque(maxlen=limit_lines)
    count = 0
    for line in lines:
        shown = log_text(shortened(line)).split("\n")
        kept.extend(shown)
        count += len(shown)
    omitted = [f"... {count - len(kept)} lines before"] if count > len(kept) else []
    return "\n".join([*omitted, *kept])


def shortened(line: LogLine) -> LogLine:
    """The line where it stands among other things. Of an exception the end says most."""
    room = _TEXT_BYTES
    exception = line.exception
    if len(exception) > room:
        exception = f"... [{len(exception) - room} characters omitted]\n{exception[-room:]}"
    return replace(line, message=shorten(line.message, room), exception=exception)
