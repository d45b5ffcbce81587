"""CTRF, the Common Test Report Format. **Source**: https://ctrf.io, schema of version 0.0.0."""

from typing import Any

from handrail.core.folding import flaky, last_attempts, not_run
from handrail.core.quarantining import held_back
from handrail.core.text import plain, redact, shorten
from handrail.core.verdicts import Judgement
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome, Problem, Verdict
from handrail.model.records import RunRecord
from handrail.reporters import lines
from handrail.reporters.json_report import rfc3339

_STATUS = {
    Outcome.PASSED: "passed",
    Outcome.XPASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.ERROR: "failed",
    Outcome.SKIPPED: "skipped",
    Outcome.XFAILED: "skipped",
}
_STATUSES = ("passed", "failed", "skipped", "pending", "other")
_TEXT_BYTES = 20_000


def ctrf(record: RunRecord, judgement: Judgement, *, version: str = "") -> dict[str, Any]:
    """The document, ready for JSON. ``version`` is ours. Times are milliseconds.

    A test that did not run is ``pending``; one that failed in quarantine is ``other``. What no test explains is a failed entry of its own.
    """
    tests = _tests(record)
    if judgement.verdict is not Verdict.PASSED and all(
        each["status"] != "failed" for each in tests
    ):
        reason = judgement.reason or judgement.verdict.value
        tests.append(_entry("handrail run", "failed", judgement.verdict.value, _safe(reason)))
    summary = {word: sum(each["status"] == word for each in tests) for word in _STATUSES}
    tool = {"name": "handrail", "version": version} if version else {"name": "handrail"}
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "timestamp": rfc3339(record.last_at),
        "generatedBy": "handrail",
        "results": {
            "tool": tool,
            "summary": {
                "tests": len(tests),
                **summary,
                "flaky": sum(each.get("flaky", False) for each in tests),
                "start": _milliseconds(record.started.at),
                "stop": _milliseconds(record.last_at),
                "duration": _milliseconds(record.elapsed_s),
            },
            "tests": tests,
            "extra": {
                "run_id": record.started.run_id,
                "verdict": judgement.verdict.value,
                "exit_code": int(judgement.exit_code),
                "complete": judgement.complete,
            },
        },
    }


def _tests(record: RunRecord) -> list[dict[str, Any]]:
    passed_late = {each.test for each in flaky(record)}
    excuses = {each.attempt.test: each.excuse for each in held_back(record)}
    tests = [
        _test(each, each.test in passed_late, excuses.get(each.test, ""))
        for each in last_attempts(record).values()
    ]
    tests += [
        _entry(each.node, "failed", "error", **_explanation(each.problem))
        for each in record.collection_failures
    ]
    return tests + [_entry(test, "pending", "not run") for test in not_run(record)]


def _test(attempt: TestFinished, is_flaky: bool, excuse: str) -> dict[str, Any]:
    explanation = _explanation(attempt.problems[0]) if attempt.problems else {}
    if not explanation and attempt.reason:
        explanation = {"message": _safe(attempt.reason)}
    if excuse:
        explanation["message"] = "\n".join(
            filter(None, (_safe(excuse), explanation.get("message", "")))
        )
    status = "other" if excuse else _STATUS[attempt.outcome]
    entry = _entry(attempt.test, status, attempt.outcome.value, **explanation)
    entry["duration"] = _milliseconds(attempt.duration_s)
    if attempt.started_at:
        entry["start"] = _milliseconds(attempt.started_at)
        entry["stop"] = _milliseconds(attempt.started_at + attempt.duration_s)
    if attempt.attempt > 1:
        entry["retries"] = attempt.attempt - 1
    if is_flaky:
        entry["flaky"] = True
    if attempt.worker:
        entry["threadId"] = _safe(attempt.worker)
    return entry


def _entry(node: str, status: str, raw: str, message: str = "", trace: str = "") -> dict[str, Any]:
    shown = _safe(node) or "?"
    path, _, rest = shown.partition("::")
    entry: dict[str, Any] = {
        "name": shown,
        "status": status,
        "duration": 0,
        "rawStatus": raw,
    }
    if rest:
        classes = rest.partition("[")[0].split("::")[:-1]
        entry |= {"suite": [path, *classes], "filePath": path}
    if message:
        entry["message"] = message
    if trace:
        entry["trace"] = trace
    return entry


def _explanation(problem: Problem) -> dict[str, str]:
    return {"message": _safe(lines.message(problem)), "trace": _safe(problem.text)}


def _safe(text: str) -> str:
    return shorten(redact(plain(text)), _TEXT_BYTES)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
