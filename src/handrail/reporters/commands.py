"""Commands that work when pasted into a shell."""

import shlex
from collections.abc import Iterable, Sequence

from handrail.core.causes import Cause
from handrail.core.text import name, size_bytes
from handrail.core.verdicts import Judgement
from handrail.model.outcomes import Verdict
from handrail.model.records import RunRecord

LIMIT_BYTES = 400
"""A command longer than this is not pasted but scrolled past."""
LAST_FAILED = "handrail run --lf"


def run_again(tests: Iterable[str], limit_bytes: int = LIMIT_BYTES) -> str:
    """The command that runs these tests: by node id, else by file, else whatever failed last.

    A name that cannot be shown as it is (line breaks, secrets) is replaced by its test function.
    """
    targets = list(dict.fromkeys(_target(test) for test in tests))
    files = list(dict.fromkeys(target.partition("::")[0] for target in targets))
    for arguments in (targets, files):
        command = shlex.join(["handrail", "run", *arguments])
        if all(arguments) and size_bytes(command) <= limit_bytes and arguments:
            return command
    return LAST_FAILED


def _target(test: str) -> str:
    for candidate in (test, test.partition("[")[0], test.partition("::")[0]):
        if name(candidate) == candidate and not candidate.startswith("-"):
            return candidate
    return ""


def same_run(record: RunRecord) -> str:
    """The command that makes this run once more: its selection, or else its tiers."""
    named = [each for each in record.started.selection or record.started.tiers if each]
    command = shlex.join(["handrail", "run", *named])
    return (
        command
        if name(command) == command and size_bytes(command) <= LIMIT_BYTES
        else "handrail run"
    )


def next_command(record: RunRecord, judgement: Judgement, found: Sequence[Cause]) -> str:
    """What to do about the verdict; empty after a pass."""
    match judgement.verdict:
        case Verdict.PASSED:
            return ""
        case Verdict.FAILED if found:
            return run_again(test for cause in found for test in cause.tests)
        case Verdict.REFUSED | Verdict.NOTHING_RAN:
            withheld = record.collected.withheld if record.collected else ()
            ways = (name(each.open_with) for each in withheld if each.open_with)
            return next(ways, same_run(record))
        case _:
            return same_run(record)
