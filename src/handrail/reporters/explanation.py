"""One failure in full, for whoever has to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

from handrail.core.causes import Cause, Label
from handrail.core.text import clean, escape, name
from handrail.frozen import dataclass
from handrail.model.outcomes import Frame
from handrail.model.records import RunRecord
from handrail.reporters import commands, lines

OUTPUT_LINES = 200
"""Lines of each captured section that are shown, the last ones."""
MAX_TESTS = 50
_WORDS = {
    "passed": ".",
    "skipped": "s",
    "failed": "F",
    "error": "E",
    "xfailed": "x",
    "xpassed": "X",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of the first test of a cause from before."""

    outcomes: Sequence[str] = ()
    """Earlier ones, newest first."""
    passed_at: str = ""
    """The commit at which it passed last."""
    commits: Sequence[str] = ()
    """``id subject`` of every commit since, newest first."""
    is_changed: bool = False
    """Whether files were changed beyond the commit of this run."""


def explanation(record: RunRecord, cause: Cause, label: Label | None, past: Past) -> str:
    """Everything that is known of a failure, without a final line break."""
    problem = cause.problem
    heading = "  ".join(
        (
            f"[{cause.id}]{lines.label_text(cause, label)}",
            lines.title(problem),
            lines.plural(len(cause.tests), "test"),
            f"in {problem.phase.value}",
            lines.words(problem.where, 160),
        )
    )
    shown = [heading, "", clean(problem.text).rstrip() or lines.message(problem)]
    for frame in problem.frames:
        shown += ["", *_frame(frame)]
    shown += [f"caused by: {lines.words(link, 1000)}" for link in problem.chain]
    for heading, text in problem.sections:
        shown += _section(heading, text)
    shown += ["", *(name(test) for test in cause.tests[:MAX_TESTS])]
    if len(cause.tests) > MAX_TESTS:
        shown.append(f"+{len(cause.tests) - MAX_TESTS} more tests")
    shown += ["", *_past(past), f"rerun: {commands.rerun(record, cause.id)}"]
    return "\n".join(shown)


def _frame(frame: Frame) -> list[str]:
    place = f"{escape(lines.words(frame.path, 200))}:{frame.line}"
    values = lines.local_texts(frame, limit=40, limit_bytes=400)
    source = [lines.source_text(frame)] if frame.source else []
    function = lines.words(frame.function, 80)
    return [f"{place} in {function}", *source, *(f"      {value}" for value in values)]


def _section(heading: str, text: str) -> list[str]:
    found = clean(text).rstrip().split("\n") if text.strip() else []
    omitted = len(found) - OUTPUT_LINES
    more = [f"  ... {omitted} lines before"] if omitted > 0 else []
    head = ["", f"{escape(lines.words(heading, 80))}:"] if found else []
    return [*head, *more, *(f"  {line}" for line in found[-OUTPUT_LINES:])]


def _past(past: Past) -> list[str]:
    if not past.outcomes:
        return ["history: it was not seen before"]
    row = "".join(_WORDS.get(each, "?") for each in reversed(past.outcomes))
    shown = [f"history: {row}F (oldest first, this run last)"]
    if not past.passed_at:
        return [*shown, "it did not pass as far back as history goes"]
    shown.append(f"it passed last at {past.passed_at[:12]}")
    if past.commits:
        shown.append("commits since:")
        shown += [f"  {lines.words(each, 120)}" for each in past.commits]
    if past.is_changed:
        shown.append("and the work tree differs from its commit")
    return shown


def as_json(failure: Mapping[str, Any], cause: Cause, past: Past) -> dict[str, Any]:
    """A failure of ``handrail.run/1`` with what else is known; all of its tests."""
    return {
        **failure,
        "text": clean(cause.problem.text),
        "tests": [name(test) for test in cause.tests],
        "tests_omitted": 0,
        "passed_at": past.passed_at,
        "commits_since": list(past.commits),
    }
