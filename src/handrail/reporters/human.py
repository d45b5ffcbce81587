"""The answer for a person: every failure once, as pytest prints it, and the verdict at the end."""

from collections.abc import Callable, Mapping, Sequence

from handrail.core.causes import Cause, Label
from handrail.core.text import clean, escape, last_lines, name
from handrail.core.verdicts import Judgement
from handrail.model.outcomes import Verdict
from handrail.model.records import RunRecord
from handrail.reporters import commands, lines

MAX_CAUSES = 20
TEXT_LINES = 40
"""Lines of a failure's text that are shown."""
OUTPUT_LINES = 10
"""Lines of each captured section that are shown."""
Paint = Callable[[str, str], str]
"""Text and style in, text with or without terminal codes out."""
_RULE = "-" * 80
_CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


def human(
    record: RunRecord,
    judgement: Judgement,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    *,
    is_coloured: bool = False,
    report_path: str = "",
) -> str:
    """The whole report, without a final line break. The last line holds the verdict."""
    paint = _colour if is_coloured else _no_colour
    shown: list[str] = []
    for cause in causes[:MAX_CAUSES]:
        shown += [*_block(record, cause, labels.get(cause.id), paint, report_path), ""]
    if len(causes) > MAX_CAUSES:
        omitted = causes[MAX_CAUSES:]
        number = sum(len(cause.tests) for cause in omitted)
        shown += [
            f"+{lines.plural(len(omitted), 'more cause')} ({lines.plural(number, 'test')})",
            "",
        ]
    shown += [paint(line, "red") for line in lines.problem_lines(record, judgement)]
    shown += [paint(line, "yellow") for line in lines.flaky_lines(record)]
    shown += [paint(line, "yellow") for line in lines.withheld_lines(record)]
    shown += [paint(line, "dim") for line in lines.note_lines(record, is_everything=True)]
    follow = commands.next_command(record, judgement, causes)
    shown += [f"report: {lines.words(report_path, 300)}"] if report_path and follow else []
    shown += [f"next: {follow}"] if follow else []
    colour = "green" if judgement.verdict is Verdict.PASSED else "red"
    is_said = judgement.complete or judgement.verdict is Verdict.PASSED
    incomplete = "" if is_said else " | incomplete"
    shown.append(paint(lines.headline(record, judgement, causes) + incomplete, f"bold {colour}"))
    return "\n".join(shown)


def _block(
    record: RunRecord, cause: Cause, label: Label | None, paint: Paint, report_path: str
) -> list[str]:
    problem = cause.problem
    heading = "  ".join(
        part
        for part in (
            f"[{cause.id}]{lines.label_text(cause, label)}",
            lines.title(problem),
            lines.plural(len(cause.tests), "test"),
            f"in {problem.phase.value}",
            lines.words(problem.where, 160),
        )
        if part
    )
    return [
        paint(_RULE, "dim"),
        paint(heading, "bold red"),
        f"first: {name(cause.tests[0])}" if cause.tests else "",
        "",
        *_indented(_failure(cause, report_path)),
        *_indented(_code(cause, paint)),
        *_indented(_output(cause)),
        "",
        *_indented(lines.grouped_by_file(cause.tests, limit_files=10, limit_tests=5)),
        f"    rerun: {commands.run_again(record, cause)}",
    ]


def _failure(cause: Cause, report_path: str) -> list[str]:
    """The text as pytest prints it; of a long one the beginning and, rather, the end."""
    text = clean(cause.problem.text).rstrip() or lines.message(cause.problem)
    found = text.split("\n")
    if len(found) <= TEXT_LINES:
        return found
    omitted = len(found) - TEXT_LINES
    full = f"; full: {lines.words(report_path, 300)}" if report_path else ""
    begin = TEXT_LINES // 3
    return [*found[:begin], f"... {omitted} more lines{full}", *found[begin - TEXT_LINES :]]


def _code(cause: Cause, paint: Paint) -> list[str]:
    frame = lines.crash_frame(cause.problem)
    if frame is None or not frame.source:
        return []
    place = (
        f"{escape(lines.words(frame.path, 160))}:{frame.line} in {lines.words(frame.function, 80)}"
    )
    values = lines.local_texts(frame, limit=8, limit_bytes=160)
    way = lines.via(cause.problem)
    return [
        "",
        place,
        paint(lines.source_text(frame), "bold"),
        *(f"      {value}" for value in values),
        *([f"via {way}"] if way else []),
        *(f"caused by: {lines.words(link, 200)}" for link in cause.problem.chain[:3]),
    ]


def _output(cause: Cause) -> list[str]:
    shown: list[str] = []
    for heading, text in cause.problem.sections:
        if text.strip():
            shown += ["", f"{escape(lines.words(heading, 80))}:"]
            shown += [f"  {line}" for line in last_lines(clean(text), OUTPUT_LINES)]
    return shown


def _indented(found: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in found]


def _colour(text: str, style: str) -> str:
    codes = ";".join(_CODES[each] for each in style.split())
    return f"\x1b[{codes}m{text}\x1b[0m"


def _no_colour(text: str, style: str) -> str:  # noqa: ARG001  (one shape for both)
    return text
