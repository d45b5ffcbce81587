"""Commands that work when pasted into a shell."""

import shlex
from collections.abc import Iterable, Sequence

from handrail.core.causes import Cause
from handrail.core.ordering import order_of
from handrail.core.text import name, size_bytes
from handrail.core.verdicts import Judgement
from handrail.model.outcomes import Verdict
from handrail.model.records import RunRecord

LIMIT_BYTES = 400
"""A command longer than this is not pasted but scrolled past."""
NAMED_BYTES = 160
"""Tests are named by what comes next if that is not longer; else the run is."""


def run_again(record: RunRecord, cause: Cause, limit_bytes: int = LIMIT_BYTES) -> str:
    """The command that runs the tests of a cause: by node id, or, where that is long, by its id."""
    return _by_name(record, cause.tests, limit_bytes) or rerun(record, cause.id)


def rerun(record: RunRecord, *causes: str) -> str:
    """The command that runs what is left of a run: ``handrail rerun 7k2f F1``."""
    return shlex.join(["handrail", "rerun", name(record.started.run_id), *causes])


def _by_name(record: RunRecord, tests: Iterable[str], limit_bytes: int) -> str:
    """In the order of that run. A name that cannot be shown as it is (line breaks, secrets) is replaced by its test function."""
    targets = list(dict.fromkeys(_target(test) for test in tests))
    order = order_of(record.started.env)
    command = shlex.join(["handrail", "run", *targets, *(["--order", order] if order else [])])
    return command if all(targets) and targets and size_bytes(command) <= limit_bytes else ""


def _target(test: str) -> str:
    for candidate in (test, test.partition("[")[0], test.partition("::")[0]):
        if name(candidate) == candidate and not candidate.startswith("-"):
            return candidate
    return ""


def same_run(record: RunRecord) -> str:
    """The command that makes this run once more: as it was typed, or else its tiers."""
    typed = record.started.arguments
    command = shlex.join(["handrail", *(typed or ("run", *record.started.tiers))])
    return (
        command
        if name(command) == command and size_bytes(command) <= LIMIT_BYTES
        else "handrail run"
    )


def next_command(
    record: RunRecord,
    judgement: Judgement,
    found: Sequence[Cause],
    limit_bytes: int = NAMED_BYTES,
) -> str:
    """What to do about the verdict; empty after a pass.

    ``limit_bytes``: how long it may be to name tests, as is better where the run is not at hand.
    """
    match judgement.verdict:
        case Verdict.PASSED:
            return ""
        case Verdict.FAILED if found:
            tests = [test for cause in found for test in cause.tests]
            return _by_name(record, tests, limit_bytes) or rerun(record)
        case Verdict.REFUSED | Verdict.NOTHING_RAN:
            withheld = record.collected.withheld if record.collected else ()
            ways = (name(each.open_with) for each in withheld if each.open_with)
            return next(ways, same_run(record))
        case _ if judgement.not_run:
            return rerun(record)
        case _:
            return same_run(record)
