"""For GitHub Actions: annotations on lines of code, and the summary of a step."""

import re
from collections.abc import Mapping, Sequence

from handrail.core.causes import Cause, Label
from handrail.core.quarantining import held_back
from handrail.core.text import clean, first_lines, shorten
from handrail.core.verdicts import Judgement
from handrail.model.outcomes import Verdict
from handrail.model.records import RunRecord
from handrail.reporters import commands, lines

MAX_ANNOTATIONS = 10
"""GitHub shows no more errors than this of one step."""
SUMMARY_BYTES = 60_000
"""GitHub refuses summaries above 1 MiB; nobody reads that much."""


def annotations(record: RunRecord, judgement: Judgement, causes: Sequence[Cause]) -> str:
    """One ``::error`` command for each cause, or for the run where it has none; with line breaks.

    A cause whose tests are all in quarantine is a ``::warning``.
    Beyond ten causes the last annotation tells how many more there are.
    """
    shown = causes if len(causes) <= MAX_ANNOTATIONS else causes[: MAX_ANNOTATIONS - 1]
    excused = {each.attempt.test for each in held_back(record)}
    shown_commands = [
        _annotation(record, cause, "warning" if excused.issuperset(cause.tests) else "error")
        for cause in shown
    ]
    if len(causes) > len(shown):
        more = lines.plural(len(causes) - len(shown), "more cause")
        shown_commands.append(_command({"title": more}, f"{more}: see the summary of this step"))
    if judgement.verdict is not Verdict.PASSED and not causes:
        text = judgement.reason or judgement.verdict.value
        title = f"handrail: {judgement.verdict.value}"
        shown_commands.append(_command({"title": title}, lines.words(text, 1000)))
    shown_commands += [
        _command({"title": title}, text, level="warning")
        for title, _, text in (
            line.partition(": ") for line in lines.flaky_lines(record)[:MAX_ANNOTATIONS]
        )
    ]
    return "".join(f"{each}\n" for each in shown_commands)


def _annotation(record: RunRecord, cause: Cause, level: str) -> str:
    problem = cause.problem
    heading = f"{cause.id} {lines.title(problem)} in {lines.plural(len(cause.tests), 'test')}"
    place = {"file": lines.words(problem.path, 300)} if problem.path else {}
    line = {"line": str(problem.line)} if problem.path and problem.line else {}
    text = "\n".join(
        [
            shorten(lines.message(problem), 1500),
            *lines.grouped_by_file(cause.tests),
            f"rerun: {commands.run_again(record, cause)}",
        ]
    )
    return _command({**place, **line, "title": heading}, text, level)


def _command(properties: Mapping[str, str], text: str, level: str = "error") -> str:
    """**Source**: ``@actions/core``, ``command.ts``: what is escaped in properties and in data."""
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {shown}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(
    record: RunRecord,
    judgement: Judgement,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    *,
    max_causes: int = 30,
) -> str:
    """Markdown: the verdict, then each cause with its text folded away; with a final line break."""
    parts = [f"### {_span(lines.headline(record, judgement, causes))}", ""]
    for cause in causes[:max_causes]:
        parts += _section(cause, labels.get(cause.id))
    if len(causes) > max_causes:
        parts += [f"+{lines.plural(len(causes) - max_causes, 'more cause')}", ""]
    told = [
        *lines.problem_lines(record, judgement),
        *lines.flaky_lines(record),
        *lines.withheld_lines(record),
        *lines.note_lines(record, is_everything=False),
    ]
    parts += [f"- {_span(shorten(line, 600))}" for line in told[:40]]
    follow = commands.next_command(record, judgement, causes, commands.LIMIT_BYTES)
    parts += ["", *_fence([follow])] if follow else []
    text = "\n".join(parts)
    if len(text.encode()) > SUMMARY_BYTES and max_causes > 1:
        return step_summary(record, judgement, causes, labels, max_causes=max_causes // 2)
    return text + "\n"


def _section(cause: Cause, label: Label | None) -> list[str]:
    problem = cause.problem
    told = f"{label.value}, " if label else ""
    where = f" at {_span(lines.words(problem.where, 200))}" if problem.where else ""
    number = lines.plural(len(cause.tests), "test")
    kind = _span(lines.title(problem))
    text = clean(problem.text).strip("\n") or lines.message(problem)
    return [
        f"**{cause.id}** {kind} ({told}{problem.phase.value}, {number}){where}",
        "",
        *_fence(first_lines(shorten(lines.message(problem), 1000), 8)),
        "<details><summary>traceback and tests</summary>",
        "",
        *_fence([*first_lines(shorten(text, 4000), 60), "", *lines.grouped_by_file(cause.tests)]),
        "</details>",
        "",
    ]


def _span(text: str) -> str:
    """Code in a line, whatever backticks the text holds."""
    ticks = "`" * (_longest_ticks(text) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def _fence(found: Sequence[str]) -> list[str]:
    """A block of code that its own text cannot close."""
    ticks = "`" * max(3, _longest_ticks("\n".join(found)) + 1)
    return [f"{ticks}text", *found, ticks, ""]


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall(r"`++", text)), default=0)
