"""Whether a test fails with one back end of a service and not with another. Pure."""

from collections.abc import Iterable, Sequence

from handrail.core.chance import LIKELY, chance_of
from handrail.frozen import dataclass

_BAD = frozenset({"failed", "error"})
_SILENT = frozenset({"skipped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A back end with which a test fails more often than chance explains."""

    backend: str
    """``postgres=docker``."""
    failures: int
    attempts: int
    other_failures: int
    other_attempts: int
    """With other back ends of that service."""


def suspects(outcomes: Sequence[str], services: Sequence[str]) -> tuple[Suspect, ...]:
    """Of one test, whose attempts ran with these services: ``postgres=docker redis=native``."""
    ran = [
        (outcome in _BAD, frozenset(told.split()))
        for outcome, told in zip(outcomes, services, strict=True)
        if outcome not in _SILENT
    ]
    found = []
    for backend in sorted({each for _, told in ran for each in told}):
        service = backend.partition("=")[0]
        others = [(bad, told) for bad, told in ran if _names(told, service)]
        own = [bad for bad, told in others if backend in told]
        rest = [bad for bad, told in others if backend not in told]
        if not rest or not any(own):
            continue
        failures, other = sum(own), sum(rest)
        is_more = failures * len(rest) > other * len(own)
        if is_more and chance_of(failures, len(own), other, len(rest)) <= LIKELY:
            found.append(
                Suspect(
                    backend=backend,
                    failures=failures,
                    attempts=len(own),
                    other_failures=other,
                    other_attempts=len(rest),
                )
            )
    return tuple(found)


def _names(told: Iterable[str], service: str) -> bool:
    return any(each.partition("=")[0] == service for each in told)


def said(found: Suspect) -> str:
    """``fails with postgres=docker: 8 of 10 attempts, 1 of 30 with others``."""
    return (
        f"fails with {found.backend}: {found.failures} of {found.attempts} attempts, "
        f"{found.other_failures} of {found.other_attempts} with others"
    )
