"""What a test depends on: as text, and as ``handrail.bisect/1``."""

import shlex
from collections.abc import Sequence
from typing import Any

from handrail.core.bisecting import Discovery, Kind
from handrail.core.text import name
from handrail.model.leftovers import Leftover
from handrail.model.outcomes import Problem
from handrail.model.units import format_duration
from handrail.reporters import lines

SCHEMA = "handrail.bisect/1"
MESSAGE_BYTES = 400
SHOWN_LEFTOVERS = 10
MOST_LEFTOVERS = 200
_CONCLUSIONS = {
    Kind.STEADY_PASS: "passes alone and after {others}: its order does not make it fail",
    Kind.STEADY_FAIL: "fails alone and after {others}: its order does not make it fail",
    Kind.UNSTEADY: "passes and fails in the same order: something else decides",
    Kind.SILENT: "does not run here: it is skipped, say",
    Kind.UNFINISHED: "was not understood within the {trials} that were allowed",
}


def bisection(found: Discovery) -> str:
    """The answer for a person or an agent; the last line holds the verdict."""
    finding = found.finding
    test = name(found.test)
    shown = []
    if finding.needed:
        shown += [f"{test}", f"  {_verbs(found)}"]
        shown += [f"    {name(each)}" for each in finding.needed]
    else:
        words = {
            "others": lines.plural(found.candidates, "other test"),
            "trials": lines.plural(finding.trials, "run"),
        }
        shown += [f"{test} {_CONCLUSIONS[finding.kind].format(**words)}"]
    if found.problem is not None:
        shown += [f"  it fails so: {_failure(found.problem)}"]
    for each, leftovers in found.left:
        if leftovers:
            shown += [f"  left behind by {name(each)}:", *_leftover_lines(leftovers)]
    shown += [f"  left out, as it ends its process: {name(each)}" for each in finding.left_out]
    if found.again:
        shown += [f"  again: {name(shlex.join(found.again))}"]
    if follow := next_command(found):
        shown += [f"next: {name(shlex.join(follow))}"]
    return "\n".join([*shown, headline(found)])


def headline(found: Discovery) -> str:
    """``VICTIM | 9 runs, 312 tests | 1.4s | run=7k2f``."""
    finding = found.finding
    parts = [
        finding.kind.value.upper(),
        f"{lines.plural(finding.trials, 'run')}, {lines.plural(finding.tests, 'test')}",
        format_duration(found.seconds),
        f"run={lines.words(found.run_id, 60)}" if found.run_id else "",
    ]
    return " | ".join(part for part in parts if part)


def _leftover_lines(leftovers: Sequence[Leftover]) -> list[str]:
    shown = [f"    {lines.words(each.text, 200)}" for each in leftovers[:SHOWN_LEFTOVERS]]
    more = len(leftovers) - len(shown)
    return [*shown, f"    +{more} more (--json has them)"] if more else shown


def _verbs(found: Discovery) -> str:
    is_one = len(found.finding.needed) == 1
    if found.is_import:
        what = "this module has" if is_one else "these modules have all"
        how = f"when {what} been imported:"
    else:
        how = f"after {'this one' if is_one else 'these, in this order'}:"
    if found.finding.kind is Kind.VICTIM:
        return f"passes alone, and fails {how}"
    return f"fails alone, and passes {how}"


def _failure(problem: Problem) -> str:
    message = lines.words(lines.message(problem).split("\n")[0], MESSAGE_BYTES)
    return f"{message}  {lines.words(problem.where, 160)}".rstrip()


def next_command(found: Discovery) -> Sequence[str]:
    """What to try where order does not decide."""
    if found.finding.kind in {Kind.STEADY_PASS, Kind.UNSTEADY}:
        return ("handrail", "flaky", "stress", found.test, "-n", "100")
    return ()


def document(found: Discovery) -> dict[str, Any]:
    """The same as one JSON object."""
    finding, problem = found.finding, found.problem
    return {
        "schema": SCHEMA,
        "test": name(found.test),
        "kind": finding.kind.value,
        "needed": [name(each) for each in finding.needed],
        "needed_are": "modules" if found.is_import else "tests",
        "left_out": [name(each) for each in finding.left_out],
        "failure": None
        if problem is None
        else {
            "exception": lines.words(problem.exception, 200),
            "message": lines.words(problem.message, 4000),
            "where": lines.words(problem.where, 400),
        },
        "left_behind": [
            {
                "test": name(test),
                "area": each.area.value,
                "name": lines.words(each.name, 400),
                "change": lines.words(each.change, 400),
            }
            for test, leftovers in found.left
            for each in leftovers[:MOST_LEFTOVERS]
        ],
        "trials": finding.trials,
        "tests_run": finding.tests,
        "candidates": found.candidates,
        "seconds": round(found.seconds, 3),
        "run_id": lines.words(found.run_id, 60),
        "again": name(shlex.join(found.again)),
        "next": name(shlex.join(next_command(found))),
    }
