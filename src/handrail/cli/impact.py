"""``handrail report --ci-impact``: why runs failed and how long stages took, before a change and after."""

import argparse
import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

from handrail.core.impact import Blame, Impact, Past, Period, impact
from handrail.errors import UsageError
from handrail.model.units import format_duration
from handrail.wiring import Wiring

_RUNS = 10_000
_ATTEMPTS = 10_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_WORDS = {
    Blame.PASSED: "passed",
    Blame.INFRASTRUCTURE: "failed by infrastructure",
    Blame.FLAKY: "failed by flaky tests",
    Blame.REAL: "failed for real",
}


def told(arguments: argparse.Namespace, wiring: Wiring) -> str:
    """The answer, as text or JSON. Raises: UsageError if nobody knows when ``--since`` was."""
    if arguments.format not in {"human", "json"}:
        raise UsageError(
            f"there is no impact in the format {arguments.format}",
            hint="handrail report --ci-impact; --format json",
        )
    since = _moment(arguments.since, wiring) if arguments.since else None
    seen = wiring.history.failing(last=_ATTEMPTS)
    attempts = {test: (each.outcomes, each.codes) for test, each in seen.items()}
    found = impact(list(_past(wiring)), attempts, since)
    if arguments.format == "json":
        return json.dumps(_document(found))
    return "\n".join(_lines(found, arguments.since or ""))


def _past(wiring: Wiring) -> Iterator[Past]:
    names = {" ".join(stage.tiers): stage.name for stage in wiring.settings.stages}
    for row in wiring.history.runs(last=_RUNS):
        tiers = " ".join(re.split(r"[,\s]+", row.tiers))
        yield Past(
            started_at=row.started_at,
            seconds=row.ended_at - row.started_at,
            verdict=row.verdict,
            stage=names.get(tiers, tiers),
            code=row.code,
            is_whole=not row.is_partial and not row.selection,
        )


def _moment(since: str, wiring: Wiring) -> float:
    """The beginning of a day (UTC), or when a commit was made."""
    if _DATE.fullmatch(since):
        try:
            return datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise UsageError(f"there is no day {since}", hint="--since 2026-11-30") from None
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct", "--end-of-options", since, "--"],
        cwd=wiring.root, capture_output=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip().isdecimal():
        raise UsageError(
            f"neither a day nor a commit: {since}",
            where=done.stderr.strip(),
            hint="--since 2026-11-30, or a tag, a branch, a commit",
        )
    return float(done.stdout)


def _lines(found: Impact, since: str) -> Iterator[str]:
    is_compared = found.since is not None
    periods = [found.before, found.after] if is_compared else [found.after]
    heads = [f"before {since}", f"since {since}"] if is_compared else ["all runs"]
    yield _row("", heads)
    yield _row("runs", [str(each.judged) for each in periods])
    for blame, word in _WORDS.items():
        yield _row(word, [_share(each, blame) for each in periods])
    for stage in sorted({name for each in periods for name in each.usual_s}):
        cells = [_time(each, stage) for each in periods]
        yield _row(f"time of {stage}", cells)
    left_out = sum(each.counts[Blame.NONE] for each in periods)
    if left_out:
        yield f"{left_out} runs left out: stopped, refused, or without tests"


def _row(name: str, cells: list[str]) -> str:
    return f"{name:28}{''.join(f'{cell:<22}' for cell in cells)}".rstrip()


def _share(period: Period, blame: Blame) -> str:
    share = period.share(blame)
    return "-" if share is None else f"{period.counts[blame]} ({share:.0%})"


def _time(period: Period, stage: str) -> str:
    found = period.usual_s.get(stage)
    return "-" if found is None else format_duration(found)


def _document(found: Impact) -> dict[str, object]:
    def period(each: Period) -> dict[str, object]:
        return {
            "runs": each.judged,
            "counts": {blame.value: count for blame, count in each.counts.items()},
            "shares": {blame.value: each.share(blame) for blame in _WORDS},
            "usual_s": dict(each.usual_s),
        }

    document: dict[str, object] = {"schema": "handrail.ci-impact/1", "after": period(found.after)}
    if found.since is not None:
        document |= {"since": found.since, "before": period(found.before)}
    return document
