"""The answer for an agent: verdict first and last, causes in between, never over the limit."""

from collections.abc import Mapping, Sequence

from handrail.core.causes import Cause, Label
from handrail.core.text import clean, first_lines, shorten, size_bytes
from handrail.core.verdicts import Judgement
from handrail.model.outcomes import ProblemKind, Verdict
from handrail.model.records import RunRecord
from handrail.reporters import commands, lines

LIMIT_BYTES = 8000
MAX_CAUSES = 40
"""More are never listed, even where there is room."""
RERUN_BYTES = 160
_KEPT = "kept"
"""The section of a report about a failed test's database."""
_INDENT = " " * 5
_STACK_KINDS = frozenset({ProblemKind.TIMEOUT, ProblemKind.MEMORY, ProblemKind.CRASH})
"""Kinds whose explanation is the text: stacks of threads, the end of a worker."""


def digest(
    record: RunRecord,
    judgement: Judgement,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    *,
    report_path: str = "",
    limit_bytes: int = LIMIT_BYTES,
) -> str:
    """The whole digest, without a final line break; at most ``limit_bytes`` of UTF-8, which is
    1,000 or more.

    One line after a pass with nothing else to tell. Otherwise the last line is the ``RESULT``.
    ``labels`` are by the id of the cause; one that is absent is not shown.
    """
    share = limit_bytes / LIMIT_BYTES
    head = shorten(lines.headline(record, judgement, causes), max(200, int(900 * share)))
    above = _capped(lines.problem_lines(record, judgement), int(1100 * share))
    below = [
        *_capped(lines.flaky_lines(record), int(600 * share)),
        *_capped(lines.withheld_lines(record), int(800 * share)),
        *_capped(lines.note_lines(record, is_everything=False), int(600 * share)),
    ]
    follow = commands.next_command(record, judgement, causes)
    if judgement.verdict is not Verdict.PASSED:
        below += _capped(
            [f"report: {lines.words(report_path, 300)}"] if report_path else [], int(320 * share)
        )
        below += _whole([f"next: {follow}"], int(500 * share)) if follow else []
    if not (above or below or causes):
        return shorten(head, limit_bytes)
    result = lines.result_line(record, judgement)
    used = sum(size_bytes(line) + 1 for line in (head, *above, *below, result)) + 2
    found = blocks(record, causes, labels, limit_bytes - used)
    body = ["", *found, ""] if found else []
    return shorten("\n".join([head, *above, *body, *below, result]), limit_bytes)


def _capped(found: Sequence[str], limit_bytes: int) -> list[str]:
    """As many of the lines as fit, and how many did not."""
    kept: list[str] = []
    left_bytes = limit_bytes - 24  # for the line that tells what is left out
    for index, line in enumerate(found):
        left_bytes -= size_bytes(line) + 1
        if left_bytes < 0:
            omitted = f"+{len(found) - index} more"
            return [*kept, omitted] if limit_bytes > 24 else kept
        kept.append(line)
    return kept


def _whole(found: Sequence[str], limit_bytes: int) -> list[str]:
    """The lines if all of them fit: half a command is worse than none."""
    return list(found) if sum(size_bytes(each) + 1 for each in found) <= limit_bytes else []


def blocks(
    record: RunRecord, causes: Sequence[Cause], labels: Mapping[str, Label], room_bytes: int
) -> list[str]:
    """The causes, each as detailed as there is room for: first all briefly, then more of the first."""
    left_bytes = room_bytes - 80  # for the line that tells what is left out
    chosen: list[list[str]] = []
    for cause in causes[:MAX_CAUSES]:
        brief = _brief(cause, labels.get(cause.id))
        if _size(brief) > left_bytes:
            break
        left_bytes -= _size(brief)
        chosen.append(brief)
    for detail in (_medium, _full):
        for index, cause in enumerate(causes[: len(chosen)]):
            longer = detail(record, cause, labels.get(cause.id))
            growth_bytes = _size(longer) - _size(chosen[index])
            if growth_bytes <= left_bytes:
                left_bytes -= growth_bytes
                chosen[index] = longer
    shown = [line for block in chosen for line in block]
    omitted = causes[len(chosen) :]
    if omitted and room_bytes > 80:
        number = sum(len(cause.tests) for cause in omitted)
        more = lines.plural(len(omitted), "more cause")
        shown.append(f"+{more} ({lines.plural(number, 'test')}), see the report")
    return shown


def _size(block: Sequence[str]) -> int:
    return sum(size_bytes(line) + 1 for line in block)


def _heading(cause: Cause, label: Label | None) -> str:
    problem = cause.problem
    parts = [
        f"[{cause.id}]{lines.label_text(cause, label)}",
        f"{lines.title(problem)} x{len(cause.tests)}",
        problem.phase.value,
        lines.words(problem.where, 120),
    ]
    return "  ".join(part for part in parts if part)


def _brief(cause: Cause, label: Label | None) -> list[str]:
    first = shorten(lines.message(cause.problem).split("\n")[0], 160)
    return [
        _heading(cause, label),
        _INDENT + first,
        *_indented(lines.grouped_by_file(cause.tests, limit_files=1, limit_tests=1)),
    ]


def _medium(record: RunRecord, cause: Cause, label: Label | None) -> list[str]:
    return _detailed(record, cause, label, message_lines=4, message_bytes=400, stack_lines=6)


def _full(record: RunRecord, cause: Cause, label: Label | None) -> list[str]:
    return _detailed(record, cause, label, message_lines=12, message_bytes=1000, stack_lines=14)


def _detailed(
    record: RunRecord,
    cause: Cause,
    label: Label | None,
    *,
    message_lines: int,
    message_bytes: int,
    stack_lines: int,
) -> list[str]:
    problem = cause.problem
    text = shorten(lines.message(problem), message_bytes)
    chain = [f"caused by: {lines.words(link, 200)}" for link in problem.chain[:2]]
    way = lines.via(problem)
    return [
        _heading(cause, label),
        *_indented(first_lines(text, message_lines)),
        *_indented(_code(cause)),
        *_indented([*chain, *([f"via {way}"] if way else [])]),
        *_indented(_stacks(cause, stack_lines)),
        *_indented(lines.grouped_by_file(cause.tests)),
        *_indented(_kept(cause)),
        f"{_INDENT}rerun: {commands.run_again(record, cause, RERUN_BYTES)}",
    ]


def _code(cause: Cause) -> list[str]:
    frame = lines.crash_frame(cause.problem)
    if frame is None or not frame.source:
        return []
    source = lines.source_text(frame)
    values = lines.local_texts(frame, limit=4, limit_bytes=100)
    beside = f"{source:<40}  {', '.join(values)}"
    if not values or len(beside) <= 100:
        return [beside.rstrip()]
    return [source, *(f"    {value}" for value in values)]


def _kept(cause: Cause) -> list[str]:
    """How to get at what was kept of the first test."""
    found = [text for title, text in cause.problem.sections if title == _KEPT]
    return [f"kept: {lines.words(text, 200)}" for text in found[:1]]


def _stacks(cause: Cause, limit_lines: int) -> list[str]:
    if cause.problem.kind not in _STACK_KINDS or not cause.problem.text:
        return []
    text = clean(shorten(cause.problem.text, lines.MESSAGE_BYTES))
    return first_lines(shorten(text, 80 * limit_lines), limit_lines)


def _indented(found: Sequence[str]) -> list[str]:
    return [_INDENT + line for line in found]
