"""JUnit XML, as pytest writes it (``xunit2``), for whatever reads only that."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from handrail.core.folding import Flaky, flaky, last_attempts, not_run
from handrail.core.quarantining import held_back
from handrail.core.text import plain, redact
from handrail.core.verdicts import Judgement
from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome, Phase, Problem, Verdict
from handrail.model.records import RunRecord
from handrail.reporters import lines
from handrail.reporters.json_report import rfc3339

_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


QUARANTINED = "handrail.quarantined"
"""The type of ``skipped`` of a test that failed in quarantine."""


def junit(record: RunRecord, judgement: Judgement) -> str:
    """The whole document, with its XML declaration.

    A test that did not run is ``skipped`` and says so, and so is one that failed in quarantine: its
    failure does not count. What no test explains (a session that was lost, a budget that was
    exceeded) is an error of its own, so that no reader takes it for a pass.
    """
    suite = Element("testsuite")
    attempts = last_attempts(record)
    passed_late = {each.test: each for each in flaky(record)}
    excuses = {each.attempt.test: each.excuse for each in held_back(record)}
    for test, attempt in attempts.items():
        _add_attempt(suite, attempt, passed_late.get(test), excuses.get(test, ""))
    for failure in record.collection_failures:
        case = _case(suite, failure.node, 0.0)
        _add_problem(case, "error", failure.problem)
    for test in not_run(record):
        SubElement(_case(suite, test, 0.0), "skipped", type="handrail.not_run", message="not run")
    is_explained = any(suite.find(f"testcase/{tag}") is not None for tag in ("failure", "error"))
    if judgement.verdict is not Verdict.PASSED and not is_explained:
        reason = judgement.reason or judgement.verdict.value
        message = _safe(reason)
        case = SubElement(suite, "testcase", classname="handrail", name="run", time="0.000")
        SubElement(case, "error", type=judgement.verdict.value, message=message)
    _describe(suite, record, judgement)
    suites = Element("testsuites", name="handrail")
    suites.append(suite)
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode")


def _describe(suite: Element, record: RunRecord, judgement: Judgement) -> None:
    cases = suite.findall("testcase")
    suite.attrib.update(
        name=_safe(", ".join(record.started.tiers)) or "handrail",
        tests=str(len(cases)),
        failures=str(len(suite.findall("testcase/failure"))),
        errors=str(len(suite.findall("testcase/error"))),
        skipped=str(len(suite.findall("testcase/skipped"))),
        time=f"{record.elapsed_s:.3f}",
        timestamp=rfc3339(record.started.at),
    )
    properties = Element("properties")
    for key, value in (
        ("handrail.run", record.started.run_id),
        ("handrail.verdict", judgement.verdict.value),
        ("handrail.complete", "yes" if judgement.complete else "no"),
    ):
        SubElement(properties, "property", name=key, value=_safe(value))
    suite.insert(0, properties)


def _case(suite: Element, node: str, duration_s: float) -> Element:
    classname, short = names_of(_safe(node))
    return SubElement(
        suite,
        "testcase",
        classname=classname,
        name=short,
        time=f"{duration_s:.3f}",
    )


def names_of(node: str) -> tuple[str, str]:
    """``classname`` and ``name`` as pytest writes them: ``tests.test_a.TestB`` and ``test_c[1]``."""
    path, _, rest = node.partition("::")
    function, bracket, parameters = rest.partition("[")
    *classes, short = function.split("::")
    if not rest:
        return "", path
    dotted = path.removesuffix(".py").replace("/", ".")
    return ".".join([dotted, *classes]), short + bracket + parameters


def _add_attempt(
    suite: Element, attempt: TestFinished, passed_late: Flaky | None, excuse: str
) -> None:
    case = _case(suite, attempt.test, attempt.duration_s)
    if excuse:
        skipped = SubElement(case, "skipped", type=QUARANTINED, message=_safe(excuse))
        skipped.text = _safe("\n".join(each.text for each in attempt.problems))
    elif attempt.outcome in {Outcome.SKIPPED, Outcome.XFAILED}:
        kind = "pytest.skip" if attempt.outcome is Outcome.SKIPPED else "pytest.xfail"
        SubElement(case, "skipped", type=kind, message=_safe(attempt.reason))
    elif attempt.outcome.is_bad:
        _add_bad(case, attempt)
    if passed_late is not None:
        for problem in passed_late.failed.problems[:1]:
            _add_problem(case, "flakyFailure", problem)
    output = _output(attempt)
    if output:
        SubElement(case, "system-out").text = output


def _add_bad(case: Element, attempt: TestFinished) -> None:
    if not attempt.problems:
        tag = "error" if attempt.outcome is Outcome.ERROR else "failure"
        SubElement(case, tag, message=attempt.outcome.value)
    for problem in attempt.problems:
        _add_problem(case, "failure" if problem.phase is Phase.CALL else "error", problem)


def _add_problem(case: Element, tag: str, problem: Problem) -> None:
    message = _safe(lines.message(problem))
    element = SubElement(case, tag, type=_safe(lines.title(problem)), message=message)
    element.text = _safe(problem.text)


def _output(attempt: TestFinished) -> str:
    sections = dict.fromkeys(each for problem in attempt.problems for each in problem.sections)
    text = "\n".join(f"{heading}\n{output}" for heading, output in sections)
    return _safe(text)


def _safe(text: str) -> str:
    """Redacted, and characters that XML cannot hold replaced."""
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", redact(plain(text)))
