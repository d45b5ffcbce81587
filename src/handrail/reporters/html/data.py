"""The data of the page: columns instead of rows, every text once, seconds as whole numbers.

``page/model.js`` is the other end of it. Text of tests is redacted and plain; the page shows it as
text and never as HTML.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handrail.core.causes import Cause, Label
from handrail.core.folding import flaky, is_bad, last_attempts, slow
from handrail.core.profiles import Profile
from handrail.core.quarantining import expired, held_back
from handrail.core.spending import spending
from handrail.core.text import plain, redact, shorten
from handrail.core.verdicts import Judgement
from handrail.frozen import dataclass, field
from handrail.model.events import Collected, TestFinished
from handrail.model.outcomes import Frame, Outcome, Problem
from handrail.model.records import RunRecord
from handrail.reporters import commands, lines
from handrail.reporters.html.comparing import compare
from handrail.reporters.json_report import shown_names

SCHEMA = "handrail.page/1"
TICKS_PER_S = 10_000
"""Durations are whole tenths of a millisecond, which is finer than they are exact."""
LETTERS = {
    Outcome.PASSED: "p",
    Outcome.FAILED: "f",
    Outcome.ERROR: "e",
    Outcome.SKIPPED: "s",
    Outcome.XFAILED: "x",
    Outcome.XPASSED: "X",
}
FLAKY, QUARANTINED, NOT_RUN = "k", "q", "n"
TEXT_BYTES = 30_000
SECTION_BYTES = 30_000
VALUE_BYTES = 500
CAUSES_BYTES = 16_000_000
"""So much text of causes is kept whole; later ones have their message only."""
OWN_BYTES = 8_000_000
"""So much text of single tests is kept; of later ones only what their cause tells."""
MOST_PROFILED = 12
MAX_LISTED = 2000
"""Of tests that are only named, such as removed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that a test attached. ``data``: the file in base64, where it is small; else ``href``."""

    test: str
    name: str
    kind: str
    """``image/png``, ``text/plain``, ..."""
    size_bytes: int
    data: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the record does not know. All optional."""

    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Earlier ones of each test, newest first."""
    previous: RunRecord | None = None
    """The run before, to compare with."""
    attached: Sequence[Attached] = ()
    profile: Profile | None = None
    """What was measured in it, if it was profiled."""
    graph: str = ""
    """The flame graph as SVG."""
    made_by: str = ""


def page_data(
    record: RunRecord,
    judgement: Judgement,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    beside: Beside,
) -> dict[str, Any]:
    """Everything that the page shows, as JSON. O(tests)."""
    tests = _planned(record)
    index = {test: number for number, test in enumerate(tests)}
    return {
        "schema": SCHEMA,
        "made_by": beside.made_by,
        "run": _run(record, judgement, causes),
        "tests": _columns(record, tests, beside),
        "problems": _problems(record, causes, index),
        "causes": _causes(record, causes, labels, index),
        "attempts": _earlier_attempts(record, index),
        "comparison": _comparison(record, beside.previous, index),
        "attached": _attached(beside.attached, index),
        "spending": _spending(record, beside),
    }


def _planned(record: RunRecord) -> Sequence[str]:
    """Every test of the run, in the order of the plan."""
    tests = record.collected.tests if record.collected else ()
    return list(dict.fromkeys([*tests, *(each.test for each in record.finished)]))


def _run(record: RunRecord, judgement: Judgement, causes: Sequence[Cause]) -> dict[str, Any]:
    started, collected = record.started, record.collected
    return {
        "id": _safe(started.run_id),
        "verdict": judgement.verdict.value,
        "exit_code": int(judgement.exit_code),
        "reason": _safe(judgement.reason),
        "is_complete": judgement.complete,
        "not_run": judgement.not_run,
        "total": record.total,
        "counts": {_safe(key): value for key, value in lines.summary_counts(record).items()},
        "tiers": [_safe(each) for each in started.tiers],
        "selection": [_safe(each) for each in started.selection],
        "shard": _safe(started.shard),
        "place": _safe(started.place),
        "started_at": started.at,
        "elapsed_s": round(record.elapsed_s, 3),
        "budget_s": started.budget_s,
        "env": {_safe(key): _safe(value) for key, value in started.env.items()},
        "strategy": collected.strategy if collected else "",
        "workers": collected.workers if collected else 0,
        "deselected": collected.deselected if collected else 0,
        "collected_s": round(collected.at - started.at, 3) if collected else None,
        "withheld": [
            {
                "tier": _safe(each.tier or ""),
                "count": each.count,
                "reason": _safe(each.reason),
                "open_with": _safe(each.open_with),
            }
            for each in (collected.withheld if collected else ())
        ],
        "problems": [
            {"code": _safe(each.code), "message": _safe(each.message), "fix": _safe(each.fix)}
            for each in record.problems
        ],
        "notes": [
            {"text": _safe(each.text), "is_warning": each.is_warning} for each in record.notes
        ],
        "lost": [
            {
                "worker": _safe(each.worker),
                "at_s": round(each.at - started.at, 3),
                "reason": _safe(each.reason),
                "test": _safe(each.test or ""),
            }
            for each in record.lost_workers
        ],
        "next": commands.next_command(record, judgement, causes),
        "again": commands.same_run(record),
    }


def _columns(record: RunRecord, tests: Sequence[str], beside: Beside) -> dict[str, Any]:
    """One entry for each test in every column; rare facts by the number of the test."""
    last = last_attempts(record)
    special = {each.test: FLAKY for each in flaky(record)}
    special |= {each.attempt.test: QUARANTINED for each in held_back(record)}
    excuses = _excuses(record)
    found = [last.get(test) for test in tests]
    names = shown_names(tests)
    paths = [names[test].partition("::") for test in tests]
    place = {test: number for number, test in enumerate(tests)}
    workers, reasons, histories = _Table(), _Table(), _Table()
    return {
        "files": _runs_of(path for path, _, _ in paths),
        "names": [name for _, _, name in paths],
        "outcomes": "".join(
            NOT_RUN if each is None else special.get(each.test) or LETTERS[each.outcome]
            for each in found
        ),
        "ticks": [0 if each is None else _ticks(each.duration_s) for each in found],
        "setup": [0 if each is None else _ticks(each.phases[0]) for each in found],
        "teardown": [0 if each is None else _ticks(each.phases[2]) for each in found],
        "starts": [_start(record, each) for each in found],
        "workers": [-1 if each is None else workers.number(each.worker) for each in found],
        "tiers": _tiers(record, tests),
        "histories": [histories.number(_letters(beside.outcomes.get(test, ()))) for test in tests],
        "usual": _usual(record.collected, len(tests)),
        "slow": [place[each.test] for each in slow(record)],
        "reasons": {
            number: reasons.number(excuses.get(each.test) or each.reason)
            for number, each in enumerate(found)
            if each is not None and (each.reason or each.test in excuses)
        },
        "worker_names": workers.texts,
        "history_texts": histories.texts,
        "reason_texts": reasons.texts,
    }


def _tiers(record: RunRecord, tests: Sequence[str]) -> list[int]:
    """The place of each test's tier among the run's, -1 where nobody knows; nothing if there is one."""
    collected = record.collected
    if collected is None or not collected.tier_of:
        return []
    known = dict(zip(collected.tests, collected.tier_of, strict=True))
    return [known.get(test, -1) for test in tests]


def _excuses(record: RunRecord) -> Mapping[str, str]:
    """Why failures of tests in quarantine do not count, or count again."""
    held = {
        each.attempt.test: f"in quarantine until {each.entry.expires} ({each.entry.owner}): {each.entry.reason}"
        for each in held_back(record)
    }
    over = {
        each.attempt.test: f"its quarantine is over since {each.entry.expires} ({each.entry.owner}): {each.entry.reason}"
        for each in expired(record)
    }
    return held | over


class _Table:
    """Texts, each once, by number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """That of the text, a new one if need be."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """By number, harmless."""
        return [_safe(text) for text in self._numbers]


def _runs_of(texts: Iterable[str]) -> list[list[Any]]:
    """``[text, how often it comes in a row]``: tests of a file stand together."""
    found: list[list[Any]] = []
    for text in texts:
        if found and found[-1][0] == text:
            found[-1][1] += 1
        else:
            found.append([text, 1])
    return found


def _start(record: RunRecord, attempt: TestFinished | None) -> int:
    """Milliseconds from the start of the run; -1 where nobody knows."""
    if attempt is None or not attempt.started_at:
        return -1
    return max(0, round((attempt.started_at - record.started.at) * 1000))


def _usual(collected: Collected | None, count: int) -> list[int]:
    """What each test usually takes, -1 for a new one; nothing without history."""
    if collected is None or not collected.usual_s:
        return []
    known = [_ticks(each) if each >= 0 else -1 for each in collected.usual_s[:count]]
    return known + [-1] * (count - len(known))


def _letters(outcomes: Sequence[str]) -> str:
    return "".join([_LETTERS_OF_WORDS.get(each, NOT_RUN) for each in outcomes])


_LETTERS_OF_WORDS = {outcome.value: letter for outcome, letter in LETTERS.items()}


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_S)


def _causes(
    record: RunRecord,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    index: Mapping[str, int],
) -> list[dict[str, Any]]:
    left_bytes = CAUSES_BYTES
    found = []
    for cause in causes:
        label = labels.get(cause.id)
        told = {
            "id": cause.id,
            "label": label.value if label else "",
            "since": _safe(cause.first_seen)[:10] if label not in {None, Label.NEW} else "",
            "title": lines.title(cause.problem),
            "count": cause.count,
            "tests": [index[test] for test in cause.tests if test in index],
            "nodes": [_safe(test) for test in cause.tests if test not in index],
            "rerun": commands.run_again(record, cause),
            **(_problem(cause.problem) if left_bytes > 0 else _in_short(cause.problem)),
        }
        left_bytes -= _size(told)
        found.append(told)
    return found


def _in_short(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind.value,
        "phase": problem.phase.value,
        "where": _safe(problem.where),
        "message": _safe(lines.message(problem), VALUE_BYTES),
        "text": "",
        "frames": [],
        "chain": [],
        "sections": [],
    }


def _size(told: Mapping[str, Any]) -> int:
    """About how much text a problem has."""
    return len(told["text"]) + sum(len(each[1]) for each in told["sections"])


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind.value,
        "phase": problem.phase.value,
        "where": _safe(problem.where),
        "message": _safe(lines.message(problem)),
        "text": _safe(problem.text, TEXT_BYTES),
        "frames": [_frame(each) for each in problem.frames],
        "chain": [_safe(each) for each in problem.chain],
        "sections": [
            [_safe(title), _end_of(text)] for title, text in problem.sections if text.strip()
        ],
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "path": _safe(frame.path),
        "line": frame.line,
        "function": _safe(frame.function),
        "source": _safe(frame.source, VALUE_BYTES).strip(),
        # Name and value together, so that the name of the variable tells what its value is.
        "locals": [
            _safe(f"{name} = {value}", VALUE_BYTES).partition(" = ")[::2]
            for name, value in frame.locals
        ],
    }


def _end_of(text: str) -> str:
    """What was printed last says most."""
    found = redact(plain(text[-4 * SECTION_BYTES :]))
    return found if len(found) <= SECTION_BYTES else f"... {found[-SECTION_BYTES:]}"


def _problems(
    record: RunRecord, causes: Sequence[Cause], index: Mapping[str, int]
) -> dict[int, list[dict[str, Any]]]:
    """What went wrong with each bad test, but where the cause shows just that."""
    shown = {id(cause.problem): number for number, cause in enumerate(causes)}
    by_test: dict[str, list[int]] = {}
    for number, cause in enumerate(causes):
        for test in cause.tests:
            by_test.setdefault(test, []).append(number)
    left_bytes = OWN_BYTES
    found: dict[int, list[dict[str, Any]]] = {}
    for test, attempt in last_attempts(record).items():
        if not is_bad(attempt):
            continue
        entries: list[dict[str, Any]] = []
        for problem in attempt.problems:
            if id(problem) in shown:
                entries.append({"cause": shown[id(problem)]})
            elif left_bytes > 0:
                own = _problem(problem)
                left_bytes -= _size(own)
                entries.append(own)
        found[index[test]] = entries or [{"cause": each} for each in by_test.get(test, ())]
    return found


def _earlier_attempts(
    record: RunRecord, index: Mapping[str, int]
) -> dict[int, list[dict[str, Any]]]:
    last = last_attempts(record)
    found: dict[int, list[dict[str, Any]]] = {}
    for each in record.finished:
        if each is not last[each.test]:
            told = {
                "outcome": LETTERS[each.outcome],
                "ticks": _ticks(each.duration_s),
                "worker": _safe(each.worker),
                "problems": [_problem(problem) for problem in each.problems[:3]],
            }
            found.setdefault(index[each.test], []).append(told)
    return found


def _comparison(
    record: RunRecord, previous: RunRecord | None, index: Mapping[str, int]
) -> dict[str, Any] | None:
    if previous is None:
        return None
    found = compare(previous, record)
    return {
        "run": _safe(previous.started.run_id),
        "started_at": previous.started.at,
        "elapsed_s": round(previous.elapsed_s, 3),
        "commit": _safe(previous.started.env.get("commit", "")),
        "failing": [index[test] for test in found.failing],
        "fixed": [index[test] for test in found.fixed],
        "slower": [[index[test], _ticks(a), _ticks(b)] for test, a, b in found.slower],
        "faster": [[index[test], _ticks(a), _ticks(b)] for test, a, b in found.faster],
        "added": [index[test] for test in found.added],
        "removed": [_safe(test) for test in found.removed[:MAX_LISTED]],
        "removed_count": len(found.removed),
    }


def _spending(record: RunRecord, beside: Beside) -> dict[str, Any]:
    """What to do about the time that the run took, and what only a profile knows."""
    profile = beside.profile
    advised = spending(record, profile).advice
    told: dict[str, Any] = {
        "advice": [
            {"seconds": round(each.seconds, 3), "what": _safe(each.what), "todo": _safe(each.todo)}
            for each in advised
        ],
        "graph": base64.b64encode(beside.graph.encode("utf-8", "replace")).decode("ascii"),
    }
    if profile is not None:
        told["fixtures"] = [
            [
                _safe(f"{each.name} ({each.scope}) {each.where}"),
                each.count,
                each.seconds + each.teardown_s,
            ]
            for each in profile.fixtures[:MOST_PROFILED]
        ]
        told["imports"] = [
            [_safe(each.module), 1, each.own_s] for each in profile.imports[:MOST_PROFILED]
        ]
        told["sleeps"] = [
            [_safe(each.where), each.count, each.seconds] for each in profile.sleeps[:MOST_PROFILED]
        ]
    return told


def _attached(
    attached: Sequence[Attached], index: Mapping[str, int]
) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for each in attached:
        if each.test in index:
            told: dict[str, Any] = {"name": _safe(each.name), "kind": each.kind}
            told |= {"bytes": each.size_bytes}
            told |= {"data": each.data} if each.data else {"href": each.href}
            found.setdefault(index[each.test], []).append(told)
    return found


def _safe(text: str, limit_bytes: int = 4000) -> str:
    return shorten(redact(plain(text)), limit_bytes)
