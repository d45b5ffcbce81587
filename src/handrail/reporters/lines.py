"""Sentences that several reports share. Everything here is harmless to print."""

from collections.abc import Iterable, Mapping, Sequence

from handrail.core.causes import Cause, Label
from handrail.core.folding import counts_of, flaky, slow
from handrail.core.ordering import order_of
from handrail.core.progress import Eta
from handrail.core.quarantining import expired, held_back
from handrail.core.text import clean, escape, name, one_line, redact, shorten
from handrail.core.verdicts import Judgement
from handrail.model.events import Withheld
from handrail.model.outcomes import Frame, Problem, ProblemKind, Verdict
from handrail.model.records import RunRecord
from handrail.model.units import format_duration

_ORDER = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "flaky", "quarantined")
MESSAGE_BYTES = 64_000
"""More of a message is not even looked at."""
_PLAIN_KINDS = frozenset(
    {ProblemKind.ASSERTION, ProblemKind.EXCEPTION, ProblemKind.SETUP, ProblemKind.TEARDOWN}
)
"""Kinds that the exception's name and the phase tell already."""


def words(text: str, limit_bytes: int) -> str:
    """Text that somebody else wrote, redacted, on one line, at most so long."""
    return shorten(redact(one_line(text)), limit_bytes)


def plural(number: int, word: str) -> str:
    """``1 cause``, ``2 causes``."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def headline(record: RunRecord, judgement: Judgement, found: Sequence[Cause]) -> str:
    """The verdict and the numbers, on one line: ``FAILED exit=1 | fast | 412: 404 passed, ...``."""
    is_green = judgement.verdict is Verdict.PASSED
    parts = [
        f"{judgement.verdict.value.upper()} exit={int(judgement.exit_code)}",
        words(", ".join(record.started.tiers), 120),
        shard_text(record),
        counts_text(record, judgement),
        time_text(record),
        f"order {words(order, 40)}" if (order := order_of(record.started.env)) else "",
        plural(len(found), "cause") if found else "",
        withheld_text(record, has_gates=is_green),
        f"run={words(record.started.run_id, 60)}" if is_green else "",
    ]
    return " | ".join(part for part in parts if part)


def shard_text(record: RunRecord) -> str:
    """``shard 2/5``, or of merged ones ``shards 1-5/5``; empty if the run is whole."""
    shard = record.started.shard
    word = "shards" if "-" in shard else "shard"
    return f"{word} {words(shard, 20)}" if shard else ""


def counts_text(record: RunRecord, judgement: Judgement) -> str:
    """``412: 404 passed, 7 failed, 1 flaky``; without the total where everything went well."""
    counts = summary_counts(record)
    known = [
        plural(counts[word], word) if word == "error" else f"{counts[word]} {word}"
        for word in _ORDER
        if counts.get(word)
    ]
    others = [f"{counts[word]} {words(word, 40)}" for word in sorted(counts) if word not in _ORDER]
    missing = [f"{judgement.not_run} not run"] if judgement.not_run else []
    text = ", ".join([*known, *others[:5], *missing]) or "no tests"
    has_total = judgement.verdict is not Verdict.PASSED and record.total
    return f"{record.total}: {text}" if has_total else text


def summary_counts(record: RunRecord) -> Mapping[str, int]:
    """Counts as plain pytest counts, but flaky passes apart from the passed ones, and the failures
    of tests in quarantine apart from those that count.
    """
    counts = dict(record.counts)
    if number := len(flaky(record)):
        counts |= {"passed": max(0, counts.get("passed", 0) - number), "flaky": number}
    held = held_back(record)
    for each in held:
        for word, count in counts_of(each.attempt).items():
            counts[word] = max(0, counts.get(word, 0) - count)
    return {**counts, "quarantined": len(held)} if held else counts


def time_text(record: RunRecord) -> str:
    """``12.4s of 60s``: wall time, and the budget if there is one."""
    spent = format_duration(record.elapsed_s)
    budget_s = record.started.budget_s
    return spent if budget_s is None else f"{spent} of {whole(budget_s)}"


def whole(seconds: float) -> str:
    """``60s``, ``5m``: a budget, without fractions."""
    return f"{seconds:.0f}s" if 1 <= seconds <= 90 else format_duration(seconds)


def eta_text(left: Eta) -> str:
    """``about 2m left (history)``; empty where nobody knows."""
    if left.remaining_s is None:
        return ""
    rounded = round(left.remaining_s) if left.remaining_s < 60 else round(left.remaining_s, -1)
    return f"about {format_duration(rounded) if rounded else '0s'} left ({left.basis})"


def withheld_text(record: RunRecord, *, has_gates: bool) -> str:
    """``6 withheld (chaos)``, or with the gate that is closed; empty if nothing is withheld."""
    withheld = _withheld(record)
    if not withheld:
        return ""
    total = sum(each.count for each in withheld)
    groups = dict.fromkeys(_group(each, has_gates=has_gates) for each in withheld)
    return f"{total} withheld ({words(', '.join(groups), 160)})"


def _withheld(record: RunRecord) -> Sequence[Withheld]:
    return [each for each in (record.collected.withheld if record.collected else ()) if each.count]


def _group(withheld: Withheld, *, has_gates: bool) -> str:
    tier = withheld.tier or "no tier"
    return f"{tier}: gate {withheld.gate}" if has_gates and withheld.gate else tier


def withheld_lines(record: RunRecord) -> list[str]:
    """One line for each reason: how many, why, and what opens it."""
    return [
        f"withheld: {each.count} {words(each.tier or 'in no tier', 60)}"
        f"{f' ({words(each.reason, 200)})' if each.reason else ''}"
        f"{f'; open: {words(each.open_with, 200)}' if each.open_with else ''}"
        for each in _withheld(record)
    ]


def label_text(cause: Cause, label: Label | None) -> str:
    """`` KNOWN since 1a2b3c4``, or nothing: what stands behind the id of a cause."""
    if label is None:
        return ""
    is_older = label in {Label.KNOWN, Label.FLAKY, Label.QUARANTINED}
    since = f" since {words(cause.first_seen, 10)}" if is_older and cause.first_seen else ""
    return f" {label.value.upper()}{since}"


def flaky_lines(record: RunRecord) -> list[str]:
    """One line for each test that passed after it had failed; of slow ones, if that was asked for."""
    found = [
        f"flaky: {words(each.test, 200)} passed on try {each.attempt}"
        f"{_allowed(each.failed.retried_for)}{_first_failure(each.failed.problems)}"
        for each in flaky(record)
    ]
    found += [
        f"quarantined: {words(each.attempt.test, 200)} failed, which does not count until "
        f"{each.entry.expires} ({words(each.entry.owner, 60)}: {words(each.entry.reason, 120)})"
        for each in held_back(record)
    ]
    found += [
        f"quarantine over: {words(each.attempt.test, 200)} counts again since {each.entry.expires} "
        f"({words(each.entry.owner, 60)}: {words(each.entry.reason, 120)})"
        for each in expired(record)
    ]
    if "slow" in record.started.fail_on:
        found += [
            f"slow: {words(each.test, 200)} took {format_duration(each.took_s)}, "
            f"usually {format_duration(each.usual_s)}"
            for each in slow(record)
        ]
    return found


def _allowed(reason: str) -> str:
    return f" (allowed: {words(reason, 120)})" if reason else ""


def _first_failure(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    first = shorten(message(problems[0]).split("\n")[0], 160)
    where = words(problems[0].where, 120)
    return f"; first: {first}{f' ({where})' if where else ''}"


def problem_lines(record: RunRecord, judgement: Judgement) -> list[str]:
    """What went wrong with the run itself, with the fix; and the reason of the verdict."""
    said = [
        f"problem: {words(each.message, 300)} [{words(each.code, 40)}]{_fix(each.fix)}"
        for each in record.problems
    ]
    is_said = any(judgement.reason == each.message for each in record.problems)
    why = [f"why: {words(judgement.reason, 300)}"] if judgement.reason and not is_said else []
    lost = [
        f"lost: worker {words(each.worker, 40)}: {words(each.reason, 200)}"
        f"{f' while running {words(each.test, 160)}' if each.test else ''}"
        for each in record.lost_workers
    ]
    return [*why, *said, *lost]


def _fix(text: str) -> str:
    return f"; fix: {words(text, 200)}" if text else ""


def note_lines(record: RunRecord, *, is_everything: bool) -> list[str]:
    """The warnings, or every note."""
    return [
        f"note: {words(each.text, 240)}"
        for each in record.notes
        if is_everything or each.is_warning
    ]


def result_line(record: RunRecord, judgement: Judgement) -> str:
    """The verdict once more, for those who look at the end: ``RESULT failed exit=1 run=7k2f ...``."""
    return (
        f"RESULT {judgement.verdict.value} exit={int(judgement.exit_code)}"
        f" run={words(record.started.run_id, 60)} complete={'yes' if judgement.complete else 'no'}"
    )


def title(problem: Problem) -> str:
    """The exception, or the kind where that says more: ``TypeError``, ``timeout``."""
    exception = words(problem.exception, 100)
    if problem.kind in _PLAIN_KINDS:
        return exception or problem.kind.value
    return f"{problem.kind.value} ({exception})" if exception else problem.kind.value


def message(problem: Problem) -> str:
    """``Type: message``, on as many lines as it has; harmless."""
    text = shorten(problem.message.strip(), MESSAGE_BYTES) or "no message"
    exception = problem.exception
    if exception and not text.startswith(exception):
        text = f"{exception}: {text}"
    return clean(text)


def crash_frame(problem: Problem) -> Frame | None:
    """The frame that raised: the one the problem names, or else the innermost."""
    for frame in reversed(problem.frames):
        if (frame.path, frame.line) == (problem.path, problem.line):
            return frame
    return problem.frames[-1] if problem.frames else None


def source_text(frame: Frame) -> str:
    """The line of code that raised, after its number."""
    source = frame.source.rstrip("\n")
    return f"> {frame.line} | {words(source.expandtabs(4), 160)}"


def local_texts(frame: Frame, limit: int, limit_bytes: int) -> list[str]:
    """``name = repr`` of the first variables, and how many are left out."""
    shown = [
        escape(words(f"{variable} = {value}", limit_bytes))
        for variable, value in frame.locals[:limit]
    ]
    omitted = len(frame.locals) - len(shown)
    return [*shown, f"+{plural(omitted, 'variable')}"] if omitted > 0 else shown


def via(problem: Problem) -> str:
    """The way to the frame that raised, outermost first; empty if there is only that frame."""
    places = [f"{words(each.path, 100)}:{each.line}" for each in problem.frames]
    if len(places) > 5:
        places = [*places[:2], f"({len(places) - 4} more)", *places[-2:]]
    return " -> ".join(places) if len(places) > 1 else ""


def grouped_by_file(tests: Iterable[str], limit_files: int = 3, limit_tests: int = 3) -> list[str]:
    """One line for each file: ``a.py::t1 ::t2 +3``; then how many are in further files."""
    by_file: dict[str, list[str]] = {}
    for test in tests:
        path, separator, rest = test.partition("::")
        by_file.setdefault(path, []).append(separator + rest)
    lines = [
        escape(
            words(path, 120)
            + " ".join(shorten(name(each), 120) for each in found[:limit_tests])
            + (f" +{len(found) - limit_tests}" if len(found) > limit_tests else "")
        )
        for path, found in list(by_file.items())[:limit_files]
    ]
    omitted = list(by_file.values())[limit_files:]
    if omitted:
        number = sum(len(found) for found in omitted)
        lines.append(f"+{plural(number, 'test')} in {plural(len(omitted), 'more file')}")
    return lines
