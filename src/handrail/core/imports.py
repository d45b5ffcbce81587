"""Reports of other tools as attempts: JUnit XML and CTRF. Texts in; nothing is read here.

Source: the JUnit files that pytest and Maven Surefire write; https://ctrf.io, version 0.0.0.
"""

import datetime as dt
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from handrail.frozen import dataclass, replace
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome

_STATUS = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "skipped": Outcome.SKIPPED,
    "pending": None,
    "other": None,
}
_RETRIED = frozenset({"flakyFailure", "flakyError", "rerunFailure", "rerunError"})
_SKIPPED = {"pytest.xfail": Outcome.XFAILED, "handrail.quarantined": Outcome.FAILED}
"""What else ``skipped`` stands for, by its type."""
MOST_RETRIES = 100
"""Of one test: a report says how many there were, and nobody counts them."""


_UNREADABLE = (ET.ParseError, ValueError, KeyError, TypeError, AttributeError)


class NotAReportError(ValueError):
    """The text is neither JUnit nor CTRF; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a report told."""

    attempts: tuple[TestFinished, ...]
    started_at: float
    """Epoch seconds; 0 if the report does not say."""
    machine: str = ""

    @property
    def took_s(self) -> float:
        """Of all tests together."""
        return sum(each.duration_s for each in self.attempts)


def read_report(text: str, is_file: Callable[[str], bool]) -> Imported:
    """The tests of a report, in its order. Raises: NotAReportError.

    ``is_file``: whether the project has this path, by which class names of JUnit become node ids.
    """
    first = text.lstrip()[:1]
    if first not in {"<", "{"}:
        raise NotAReportError("its first character is neither < nor {")
    try:
        found = _ctrf(text) if first == "{" else _junit(text, is_file)
    except NotAReportError:
        raise
    except (*_UNREADABLE, RecursionError, OverflowError) as error:
        raise NotAReportError(str(error) or type(error).__name__) from error
    if not all(0 <= each.duration_s < math.inf for each in found.attempts):
        raise NotAReportError("a test took less than no time, or for ever")
    if not found.attempts:
        raise NotAReportError("it holds no test")
    return found


def _ctrf(text: str) -> Imported:
    results = json.loads(text)["results"]
    attempts: list[TestFinished] = []
    for test in results["tests"]:
        outcome = _raw(test, _STATUS[test["status"]])
        if outcome is None:
            continue
        last = TestFinished(
            at=float(test.get("stop", 0)) / 1000,
            test=str(test["name"]),
            outcome=outcome,
            duration_s=float(test.get("duration", 0)) / 1000,
            started_at=float(test.get("start", 0)) / 1000,
            worker=str(test.get("threadId", "")),
        )
        attempts += _tries(last, [Outcome.FAILED] * min(MOST_RETRIES, int(test.get("retries", 0))))
    start = float(results.get("summary", {}).get("start", 0)) / 1000
    machine = str(results.get("environment", {}).get("testEnvironment", ""))
    return Imported(attempts=tuple(attempts), started_at=start, machine=machine)


def _raw(test: Mapping[str, Any], outcome: Outcome | None) -> Outcome | None:
    """As our own reports say it, where they know more words: a failure in quarantine is one, too."""
    raw = test.get("rawStatus")
    return Outcome(raw) if raw in set(Outcome) else outcome


def _tries(last: TestFinished, before: Sequence[Outcome]) -> Iterator[TestFinished]:
    for number, outcome in enumerate(before, start=1):
        yield replace(last, outcome=outcome, duration_s=0.0, attempt=number)
    yield replace(last, attempt=len(before) + 1)


def _junit(text: str, is_file: Callable[[str], bool]) -> Imported:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotAReportError("it declares entities, which are not read")
    root = ET.fromstring(text)  # noqa: S314 - without entities
    if root.tag not in {"testsuites", "testsuite"}:
        raise NotAReportError(f"its root is {root.tag}, not testsuites")
    suites = list(root.iter("testsuite"))
    attempts: list[TestFinished] = []
    for case in root.iter("testcase"):
        node = node_of(case.attrib, is_file)
        if not node:
            continue
        last = TestFinished(
            at=0.0,
            test=node,
            outcome=_outcome(case),
            duration_s=float(case.get("time") or 0.0),
        )
        attempts += _tries(last, [Outcome.FAILED for each in case if each.tag in _RETRIED])
    first = next(iter(suites), root)
    return Imported(
        attempts=tuple(attempts),
        started_at=_epoch(first.get("timestamp", "")),
        machine=first.get("hostname", ""),
    )


def _outcome(case: ET.Element) -> Outcome:
    tags = {each.tag: each for each in case}
    if "error" in tags:
        return Outcome.ERROR
    if "failure" in tags:
        return Outcome.FAILED
    if "skipped" in tags:
        return _SKIPPED.get(tags["skipped"].get("type", ""), Outcome.SKIPPED)
    return Outcome.PASSED


def node_of(case: Mapping[str, str], is_file: Callable[[str], bool]) -> str:
    """The node id of a test case, or ``classname::name`` where it is not of this project."""
    name, dotted = case.get("name", ""), case.get("classname", "")
    steps = dotted.split(".")
    if file := case.get("file", "").removeprefix("./"):
        inside = file.removesuffix(".py").replace("/", ".")
        classes = dotted.removeprefix(inside).strip(".") if dotted.startswith(inside) else ""
        return "::".join([file, *filter(None, classes.split(".")), name])
    for count in range(len(steps), 0, -1):
        path = "/".join(steps[:count]) + ".py"
        if dotted and is_file(path):
            return "::".join([path, *steps[count:], name])
    return "::".join(filter(None, (dotted, name)))


def _epoch(timestamp: str) -> float:
    """Seconds; without a zone it is taken as UTC."""
    try:
        found = dt.datetime.fromisoformat(timestamp)
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()
