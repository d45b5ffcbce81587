"""Whether tests save the very files whose change begins them again."""

from collections.abc import Sequence

from handrail.frozen import dataclass

TIMES = 3
"""So many rounds in a row are no accident."""
NEAR_S = 0.5
NEAR_SHARE = 0.25
"""How far apart moments may be that are called the same: in seconds, or as a share of the latest."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Files that were saved while a round ran, so that the next one began."""

    files: frozenset[str]
    after_s: float
    """From the beginning of the round to the last of them."""


def written_by_tests(saves: Sequence[Saved]) -> frozenset[str]:
    """Files that the tests write themselves, by what began the last rounds, one entry for each.

    They are the same ones in each round, and come at about the same moment of it. People save at
    moments of their own.
    """
    last = saves[-TIMES:]
    if len(last) < TIMES:
        return frozenset()
    moments = [each.after_s for each in last]
    near_s = max(NEAR_S, NEAR_SHARE * max(moments))
    if max(moments) - min(moments) > near_s:
        return frozenset()
    return frozenset.intersection(*(each.files for each in last))
