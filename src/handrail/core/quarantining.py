"""Which failures of a run do not count, because their tests are in quarantine. No I/O."""

from collections.abc import Mapping, Sequence

from handrail.core.folding import is_bad, last_attempts
from handrail.frozen import dataclass
from handrail.model.events import TestFinished
from handrail.model.quarantine import Quarantined, names_of
from handrail.model.records import RunRecord

STABLE_ATTEMPTS = 30
"""After so many good attempts in a row a test is proposed for release."""
_GOOD = frozenset({"passed", "xfailed", "xpassed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A bad attempt at a test that is in quarantine, or was."""

    entry: Quarantined
    attempt: TestFinished

    @property
    def excuse(self) -> str:
        """Why the failure does not count, for reports that know no quarantine."""
        entry = self.entry
        return f"in quarantine: {entry.reason} ({entry.owner}, until {entry.expires})"


def held_back(record: RunRecord) -> tuple[Held, ...]:
    """The failures that do not count."""
    return tuple(each for each in _bad(record) if not each.entry.is_expired)


def expired(record: RunRecord) -> tuple[Held, ...]:
    """The failures that count again, because the quarantine of their tests is over."""
    return tuple(each for each in _bad(record) if each.entry.is_expired)


def _bad(record: RunRecord) -> list[Held]:
    entries = {each.test: each for each in record.started.quarantine}
    if not entries:
        return []
    return [
        Held(entry=entry, attempt=attempt)
        for attempt in last_attempts(record).values()
        if is_bad(attempt) and (entry := entry_of(attempt.test, entries)) is not None
    ]


def entry_of(test: str, entries: Mapping[str, Quarantined]) -> Quarantined | None:
    """The entry that means this test."""
    return next((entries[name] for name in names_of(test) if name in entries), None)


def is_stable(outcomes: Sequence[str]) -> bool:
    """Whether a test, by its outcomes, newest first, has been good for long enough to be released."""
    ran = [each for each in outcomes if each != "skipped"][:STABLE_ATTEMPTS]
    return len(ran) == STABLE_ATTEMPTS and all(each in _GOOD for each in ran)
