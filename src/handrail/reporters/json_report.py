"""``handrail.run/1``: one run as one JSON document. A contract; ``run_schema`` describes it."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from handrail.core.causes import Cause, Label
from handrail.core.folding import Flaky, counts_of, flaky, last_attempts, slow
from handrail.core.progress import Eta, Standing, eta, waited_s
from handrail.core.quarantining import expired, held_back
from handrail.core.text import last_lines, plain, redact, shorten
from handrail.core.verdicts import Judgement
from handrail.frozen import dataclass, field
from handrail.model.events import Narrowed, TestFinished, Verified, Withheld
from handrail.model.outcomes import Frame, Problem
from handrail.model.records import RunRecord
from handrail.model.shards import count_of
from handrail.reporters import commands, lines

SCHEMA = "handrail.run/1"
MAX_FAILURES = 50
MAX_FRAMES = 20
TEXT_BYTES = 4000
_DIFF = re.compile(r"^E {1,9}[-+?] .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What the record does not know, for whoever asks. All optional."""

    state: str = "finished"
    """queued, preparing, running, finishing or finished."""
    stage: str = ""
    now: float | None = None
    """Epoch seconds; of a run that goes on. Default: the last event."""
    has_tests: bool = False
    """Whether every test is listed."""
    outcomes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Earlier outcomes by test, newest first."""
    standing: Standing | None = None
    """Where it stands, if the record does not hold every attempt."""
    log: Mapping[str, Any] = field(default_factory=dict)
    """cursor, lines, path."""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, str | int]] = ()
    """Files that tests attached: test, name, kind, path within the run's folder, bytes."""


_NO_EXTRAS = Extras()


def document(
    record: RunRecord,
    judgement: Judgement | None,
    causes: Sequence[Cause],
    labels: Mapping[str, Label],
    extras: Extras = _NO_EXTRAS,
) -> dict[str, Any]:
    """The document. ``judgement`` is None as long as the run goes on: verdict and exit code too."""
    shown = causes[:MAX_FAILURES]
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "run_id": _safe(record.started.run_id),
        "state": extras.state,
        "verdict": judgement.verdict.value if judgement else None,
        "exit_code": int(judgement.exit_code) if judgement else None,
        "reason": _safe(judgement.reason) if judgement else "",
        "complete": judgement.complete if judgement else False,
        "tier": _safe(", ".join(record.started.tiers)),
        "tiers": [_safe(each) for each in record.started.tiers],
        "stage": extras.stage,
        "selection": [_safe(each) for each in record.started.selection],
        "shard": _shard(record),
        "summary": _summary(record, judgement),
        "withheld": [_withheld(each) for each in _all_withheld(record)],
        "timing": _timing(record, extras),
        "failures": [failure(record, each, labels.get(each.id), extras) for each in shown],
        "failures_omitted": len(causes) - len(shown),
        "flaky": [_flaky(each) for each in flaky(record)],
        "quarantined": [
            {
                "test": _safe(each.attempt.test),
                "reason": _safe(each.entry.reason),
                "owner": _safe(each.entry.owner),
                "expires": each.entry.expires,
                "is_expired": each.entry.is_expired,
            }
            for each in (*held_back(record), *expired(record))
        ],
        "slow": [
            {
                "test": _safe(each.test),
                "duration": _seconds(each.took_s),
                "usual_s": _seconds(each.usual_s),
            }
            for each in slow(record)
        ],
        "problems": [
            {"code": _safe(each.code), "message": _safe(each.message), "fix": _safe(each.fix)}
            for each in record.problems
        ],
        "notes": [
            {"code": _safe(each.code), "text": _safe(each.text), "is_warning": each.is_warning}
            for each in record.notes
        ],
        "infra": _infra(record, judgement),
        "log": dict(extras.log),
        "artifacts": dict(extras.artifacts),
        "env": {_safe(key): _safe(value) for key, value in record.started.env.items()},
        "next": _next(record, judgement, causes),
    }
    if record.narrowed is not None:
        result["changed"] = _changed(record.narrowed, record.verified)
    if extras.attachments:
        result["attachments"] = [
            {key: _safe(value) if isinstance(value, str) else value for key, value in each.items()}
            for each in extras.attachments
        ]
    if extras.has_tests:
        result["tests"] = _tests(record)
    return result


def text(document: Mapping[str, Any], *, indent: int | None = None) -> str:
    """The document as JSON in ASCII, so that any stream can take it; no final line break."""
    return ascii_json(document, indent=indent)


def ascii_json(value: object, *, indent: int | None = None) -> str:
    """JSON in ASCII; half surrogate pairs, which strict readers refuse, are spelled out."""
    found = json.dumps(value, ensure_ascii=False, indent=indent)
    if found.isascii():
        return found
    found = re.sub("[\ud800-\udfff]", lambda each: f"\\\\u{ord(each[0]):04x}", found)
    return re.sub("[^\x00-\x7f]", lambda each: json.dumps(each[0])[1:-1], found)


def _safe(value: str, limit_bytes: int = TEXT_BYTES) -> str:
    return shorten(redact(plain(value)), limit_bytes)


def _flaky(found: Flaky) -> dict[str, Any]:
    result: dict[str, Any] = {
        "test": _safe(found.test),
        "attempt": found.attempt,
        "allowed": _safe(found.failed.retried_for),
    }
    if found.failed.problems:
        first = found.failed.problems[0]
        result["error"] = _safe(lines.message(first), 1000)
        result["where"] = _safe(first.where)
    return result


def _summary(record: RunRecord, judgement: Judgement | None) -> dict[str, Any]:
    counts = lines.summary_counts(record)
    words = ("passed", "failed", "error", "skipped", "xfailed", "xpassed", "flaky", "quarantined")
    return {
        "total": record.total,
        **{word: counts.get(word, 0) for word in words},
        "not_run": judgement.not_run if judgement else 0,
        "deselected": record.collected.deselected if record.collected else 0,
        "duration_seconds": _seconds(record.elapsed_s),
    }


def _shard(record: RunRecord) -> dict[str, Any] | None:
    if not record.started.shard:
        return None
    collected = record.collected
    return {
        "name": _safe(record.started.shard),
        "tests_in_all": count_of(collected.whole) or record.total if collected else 0,
        "by": collected.shared_by if collected else "",
    }


def _changed(narrowed: Narrowed, verified: Verified | None) -> dict[str, Any]:
    """What ``--changed`` runs and why; each reason is said once, with all of its tests."""
    result: dict[str, Any] = {
        "since": _safe(narrowed.since),
        "because": _safe(narrowed.because),
        "affected": [
            {"reason": _safe(each.reason), "tests": [_safe(test) for test in each.tests]}
            for each in narrowed.affected
        ],
        "unaffected": narrowed.unaffected,
    }
    if verified is not None:
        missed = [_safe(each) for each in verified.missed]
        result["verified"] = {"rest": verified.rest, "missed": missed}
    return result


def _all_withheld(record: RunRecord) -> Sequence[Withheld]:
    return record.collected.withheld if record.collected else ()


def _withheld(each: Withheld) -> dict[str, Any]:
    return {
        "tier": None if each.tier is None else _safe(each.tier),
        "count": each.count,
        "reason": _safe(each.reason),
        "gate": None if each.gate is None else _safe(each.gate),
        "open_with": _safe(each.open_with),
    }


def _timing(record: RunRecord, extras: Extras) -> dict[str, Any]:
    now = record.last_at if extras.now is None else extras.now
    standing = extras.standing or _standing(record)
    is_over = extras.state == "finished"
    left = Eta(remaining_s=None, basis=eta(standing, now).basis) if is_over else eta(standing, now)
    return {
        "started_at": rfc3339(record.started.at),
        "elapsed_s": _seconds(max(0.0, now - record.started.at)),
        "eta_s": None if left.remaining_s is None else _seconds(left.remaining_s),
        "eta_basis": "none" if is_over else left.basis.value,
        "budget_s": record.started.budget_s,
        "last_progress_s_ago": _seconds(max(0.0, now - record.last_at)),
        "running": [
            {
                "test": _safe(each.test),
                "for_s": _seconds(waited_s(each, standing, now)),
                "usual_s": each.usual_s,
            }
            for each in record.running
        ],
    }


def _standing(record: RunRecord) -> Standing:
    collected = record.collected
    return Standing(
        run_id=record.started.run_id,
        tiers=record.started.tiers,
        started_at=record.started.at,
        last_at=record.last_at,
        done=len(last_attempts(record)),
        total=len(collected.tests) if collected else None,
        collected_at=collected.at if collected else None,
        estimate_s=collected.estimate_s if collected else None,
        usual_s=record.started.usual_s,
        running=record.running,
        running_at=record.last_at,
    )


def rfc3339(at: float) -> str:
    """Epoch seconds as ``2026-01-31T12:00:00.000Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(value: float) -> float:
    return round(value, 3)


def failure(record: RunRecord, cause: Cause, label: Label | None, extras: Extras) -> dict[str, Any]:
    """One cause, as it stands under ``failures``."""
    problem = cause.problem
    return {
        "id": cause.id,
        "kind": problem.kind.value,
        "phase": problem.phase.value,
        "exception": _safe(problem.exception),
        "where": _safe(problem.where),
        "message": _safe(problem.message),
        "diff": _diff(problem),
        "frames": [_frame(each) for each in problem.frames[-MAX_FRAMES:]],
        "caused_by": [_safe(each, 500) for each in problem.chain],
        "count": cause.count,
        "tests": [_safe(each) for each in cause.tests[:3]],
        "tests_omitted": max(0, len(cause.tests) - 3),
        "output_tail": _output_tail(problem),
        "history": _history(cause, label, extras),
        "rerun": commands.run_again(record, cause),
    }


def _diff(problem: Problem) -> str:
    return _safe("\n".join(line[1:].strip() for line in _DIFF.findall(plain(problem.text))))


def _frame(frame: Frame) -> dict[str, Any]:
    values = {}
    for variable, value in frame.locals:
        shown = _safe(f"{variable} = {value}", 500)
        values[_safe(variable)] = shown.partition(" = ")[2]
    return {
        "path": _safe(frame.path),
        "line": frame.line,
        "function": _safe(frame.function),
        "source": _safe(frame.source, 500),
        "locals": values,
    }


def _output_tail(problem: Problem) -> str:
    shown = []
    for heading, output in problem.sections:
        if output.strip():
            shown += [f"{heading}:", *last_lines(output, 10)]
    return _safe("\n".join(shown))


def _history(cause: Cause, label: Label | None, extras: Extras) -> dict[str, Any]:
    earlier = extras.outcomes.get(cause.tests[0], ()) if cause.tests else ()
    result: dict[str, Any] = {"label": label.value} if label else {}
    if cause.first_seen:
        result["first_seen"] = _safe(cause.first_seen)
    if earlier:
        result["last_n"] = len(earlier)
        result["failed_last_n"] = sum(each in {"failed", "error"} for each in earlier)
    return result


def _infra(record: RunRecord, judgement: Judgement | None) -> dict[str, str] | None:
    if judgement is None:
        return None
    for each in record.problems:
        if each.verdict is judgement.verdict:
            return {
                "code": _safe(each.code),
                "message": _safe(each.message),
                "fix": _safe(each.fix),
            }
    return None


def _next(
    record: RunRecord, judgement: Judgement | None, causes: Sequence[Cause]
) -> list[dict[str, str]]:
    if judgement is None:
        return [
            {"why": "it still runs", "command": f"handrail wait {_safe(record.started.run_id)}"}
        ]
    command = commands.next_command(record, judgement, causes)
    return [{"why": f"the run {judgement.verdict.value}", "command": command}] if command else []


def _tests(record: RunRecord) -> list[dict[str, Any]]:
    last = last_attempts(record)
    names = shown_names([*last])
    return [_test(names[each.test], each) for each in last.values()]


def shown_names(tests: Sequence[str]) -> Mapping[str, str]:
    """How each test is shown. Looked at all at once first: nearly always there is nothing to hide."""
    joined = "\0".join(tests)
    if joined.isascii() and redact(joined) == joined and "\x1b" not in joined:
        return {test: test if test.isprintable() else _safe(test) for test in tests}
    return {test: _safe(test) for test in tests}


def _test(shown: str, attempt: TestFinished) -> dict[str, Any]:
    error = attempt.problems[0] if attempt.problems else None
    result: dict[str, Any] = {
        "name": shown,
        "status": attempt.outcome.value,
        "duration": _seconds(attempt.duration_s),
    }
    if attempt.attempt > 1:
        result["attempt"] = attempt.attempt
    if error is not None:
        result["error"] = _safe(lines.message(error), 1000)
    if attempt.reason:
        result["reason"] = _safe(attempt.reason, 500)
    if attempt.counts:
        result["counts"] = dict(counts_of(attempt))
    return result
