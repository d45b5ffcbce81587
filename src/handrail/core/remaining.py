"""What is left to do of a run that has ended, so that running it again converges to green."""

from collections.abc import Sequence

from handrail.core.causes import Cause
from handrail.core.folding import is_bad, last_attempts
from handrail.errors import UserError
from handrail.frozen import dataclass
from handrail.model.records import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What a run that completes another one leaves out, or is about. Node ids."""

    done: frozenset[str] = frozenset()
    """Not to be run again, also by whatever completes that run; what is new is run."""
    only: frozenset[str] = frozenset()
    """If any: these and nothing else."""


class NoSuchCauseError(UserError):
    """The run has no failure of that name."""

    reference = "no-such-cause"

    def __init__(self, name: str, causes: Sequence[Cause]) -> None:
        ids = [cause.id for cause in causes]
        shown = ids if len(ids) <= 2 else [ids[0], "...", ids[-1]]
        super().__init__(
            f"the run has no failure {name}",
            where=f"its failures: {', '.join(shown)}" if ids else "nothing failed in it",
            hint="handrail report" if ids else "",
        )


def remaining(
    record: RunRecord, causes: Sequence[Cause], names: Sequence[str], before: frozenset[str]
) -> Remaining:
    """What is left of a run. ``names``: the causes that it shall be about, or all.

    ``before``: what was done before that run, if it completed another one itself.
    Raises: NoSuchCauseError.
    """
    chosen = [find_cause(name, causes) for name in names]
    good = {test for test, attempt in last_attempts(record).items() if not is_bad(attempt)}
    broken = {failure.node for failure in record.collection_failures}
    return Remaining(
        done=before | {test for test in good if test.partition("::")[0] not in broken},
        only=frozenset(test for cause in chosen for test in cause.tests),
    )


def find_cause(name: str, causes: Sequence[Cause]) -> Cause:
    """The cause with that id, or the first one that makes that test fail. Raises: NoSuchCauseError."""
    for cause in causes:
        if cause.id == name.upper() or name in cause.tests:
            return cause
    raise NoSuchCauseError(name, causes)
