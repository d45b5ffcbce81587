"""What a run did, as plain pytest counts it: read from our recorder or from handrail's events."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORD = "BENCH_RECORD"
PLUGIN_FOLDER = Path(__file__).resolve().parent / "plugin"
PLUGIN = "bench_recorder"


Counts = Mapping[str, int]
"""How often a test was counted under each of pytest's words."""


class NoRecordError(Exception):
    """The run left nothing to read; carries the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The tests of one run with pytest's counts, and what could not be collected."""

    tests: Mapping[str, Counts]
    failed_to_collect: frozenset[str]
    warnings: int
    exit_code: int
    withheld: int = 0

    @property
    def totals(self) -> Counts:
        """Counts over all tests, like pytest's last line."""
        total: Counter[str] = Counter()
        for counts in self.tests.values():
            total.update(counts)
        return total


def recording(folder: Path) -> tuple[Path, Mapping[str, str]]:
    """A file for the recorder, and the environment variables that make pytest write it."""
    path = folder / "record.json"
    path.unlink(missing_ok=True)
    return path, {RECORD: str(path), "PYTHONPATH": str(PLUGIN_FOLDER)}


def of_pytest(path: Path) -> Record:
    """What the recorder wrote. Raises: NoRecordError."""
    if not path.exists():
        raise NoRecordError("pytest ended before its summary")
    document = json.loads(path.read_text())
    return Record(
        tests=document["tests"],
        failed_to_collect=frozenset(
            node for node, outcome in document["collection"].items() if outcome == "failed"
        ),
        warnings=document["warnings"],
        exit_code=document["exit"],
    )


def of_handrail(folder: Path, exit_code: int) -> Record:
    """The newest run of a project, from its events. Raises: NoRecordError."""
    tests: dict[str, Counter[str]] = defaultdict(Counter)
    failed_to_collect: set[str] = set()
    warnings = withheld = 0
    for event in _events(folder):
        match event["event"]:
            case "TestFinished":
                tests[event["test"]].update(event.get("counts") or {event["outcome"]: 1})
            case "CollectionFailed":
                failed_to_collect.add(event["node"])
            case "Collected":
                withheld = sum(each["count"] for each in event.get("withheld", ()))
            case "SessionFinished":
                warnings = event.get("warnings", 0)
    return Record(
        tests=tests,
        failed_to_collect=frozenset(failed_to_collect),
        warnings=warnings,
        exit_code=exit_code,
        withheld=withheld,
    )


def newest_run(folder: Path) -> str | None:
    """The id of a project's newest handrail run."""
    pointer = folder / ".handrail" / "runs" / "latest"
    return pointer.read_text().strip() if pointer.exists() else None


def differences(plain: Record, other: Record, *, ignored: frozenset[str]) -> list[str]:
    """Every test and every module that the two runs do not agree on; empty if they are equal."""
    lines = []
    for test in sorted((plain.tests.keys() | other.tests.keys()) - ignored):
        expected, got = plain.tests.get(test), other.tests.get(test)
        if expected is None or got is None or dict(expected) != dict(got):
            lines.append(f"{test}: plain {_shown(expected)}, handrail {_shown(got)}")
    for node in sorted(plain.failed_to_collect ^ other.failed_to_collect):
        where = "plain" if node in plain.failed_to_collect else "handrail"
        lines.append(f"{node}: could not be collected under {where} only")
    if not ignored and plain.exit_code != other.exit_code:
        lines.append(f"exit code: plain {plain.exit_code}, handrail {other.exit_code}")
    if other.withheld:
        lines.append(f"handrail withheld {other.withheld} tests")
    return lines


def unsteady(first: Record, second: Record) -> frozenset[str]:
    """Tests on which two plain runs do not agree: their suite is flaky by itself."""
    return frozenset(
        test
        for test in first.tests.keys() | second.tests.keys()
        if first.tests.get(test) != second.tests.get(test)
    )


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    run = newest_run(folder)
    if run is None:
        raise NoRecordError("handrail left no run")
    path = folder / ".handrail" / "runs" / run / "events.ndjson"
    if not path.exists():
        raise NoRecordError(f"run {run} has no events")
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _shown(counts: Counts | None) -> str:
    if counts is None:
        return "not run"
    return " ".join(f"{word}:{count}" for word, count in sorted(counts.items())) or "nothing"
