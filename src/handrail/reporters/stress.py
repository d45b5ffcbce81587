"""What repeated runs under varied circumstances have shown: as text, and as ``handrail.stress/1``."""

import shlex
from typing import Any

from handrail.core.stressing import Failure, Stressed, Tally, guilty, helpful, worst_failure
from handrail.core.text import name
from handrail.model.units import format_duration
from handrail.reporters import lines

SCHEMA = "handrail.stress/1"
SHOWN_FAILURES = 20
MESSAGE_BYTES = 400


def stress(found: Stressed) -> str:
    """The answer for a person or an agent; the last line holds the verdict."""
    shown = [f"{'variation':<10} {'runs':>6} {'failed':>6}  rate"]
    notes = dict.fromkeys(guilty(found.tallies), "  makes it fail")
    notes |= dict.fromkeys(helpful(found.tallies), "  makes a difference")
    for each in found.tallies:
        note = notes.get(each.variation, "")
        shown.append(
            f"{each.variation.value:<10} {each.runs:>6} {each.failures:>6}  {rate(each)}{note}"
        )
    shown += [f"left out: {lines.words(why, 200)}" for why in found.left_out.values()]
    worst = worst_failure(found)
    if worst is not None:
        shown += [f"fails so: {_failure(worst)}"]
        shown += [f"again: {name(shlex.join(found.again))}"] if found.again else []
    return "\n".join([*shown, headline(found)])


def headline(found: Stressed) -> str:
    """``FAILED exit=1 | 100 runs of 1 test, 7 failed | 12.4s``."""
    verdict = "FAILED exit=1" if found.failed else "PASSED exit=0"
    verdict = verdict if found.runs else "NOTHING_RAN exit=4"
    runs = f"{lines.plural(found.runs, 'run')} of {lines.plural(len(found.tests), 'test')}"
    return f"{verdict} | {runs}, {found.failed} failed | {format_duration(found.seconds)}"


def rate(tally: Tally) -> str:
    """``35 % (18 to 57)``: the share that failed, and what these runs do not contradict."""
    low, high = tally.interval
    return f"{tally.rate:.0%} ({low * 100:.0f} to {high * 100:.0f})".replace("%", " %", 1)


def _failure(failure: Failure) -> str:
    if failure.problem is None:
        return f"{name(failure.test)}  {lines.words(failure.ending, 200)}"
    message = lines.words(lines.message(failure.problem).split("\n")[0], MESSAGE_BYTES)
    return f"{message}  {lines.words(failure.problem.where, 160)}".rstrip()


def document(found: Stressed) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "schema": SCHEMA,
        "verdict": "failed" if found.failed else "passed" if found.runs else "nothing_ran",
        "tests": [name(each) for each in found.tests],
        "runs": found.runs,
        "failed": found.failed,
        "variations": [
            {
                "name": each.variation.value,
                "runs": each.runs,
                "failed": each.failures,
                "rate": round(each.rate, 4),
                "interval": [round(bound, 4) for bound in each.interval],
                "makes_it_fail": each.variation in guilty(found.tallies),
                "makes_a_difference": each.variation
                in {*guilty(found.tallies), *helpful(found.tallies)},
            }
            for each in found.tallies
        ],
        "left_out": {key: lines.words(why, 400) for key, why in found.left_out.items()},
        "failures": [_failure_document(each) for each in found.failures[:SHOWN_FAILURES]],
        "seconds": round(found.seconds, 3),
        "again": name(shlex.join(found.again)),
    }


def _failure_document(failure: Failure) -> dict[str, Any]:
    problem = failure.problem
    return {
        "test": name(failure.test),
        "variation": failure.variation.value,
        "detail": lines.words(failure.detail, 100),
        "exception": lines.words(problem.exception, 200) if problem else "",
        "message": lines.words(problem.message, 2000) if problem else failure.ending,
        "where": lines.words(problem.where, 400) if problem else "",
    }
