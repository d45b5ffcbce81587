"""How probable a difference between two shares is, if there is none. Pure."""

import math

LIKELY = 0.05
"""A difference that chance makes more seldom than this is said to be one."""


def chance_of(failures: int, runs: int, other_failures: int, other_runs: int) -> float:
    """How probable so many ``failures`` of ``runs`` or more are, if both fail equally often.

    Source: Fisher 1935, "The logic of inductive inference": the exact test, one-sided.
    """
    in_all = failures + other_failures
    ways = math.comb(runs + other_runs, in_all)
    found = sum(
        math.comb(runs, count) * math.comb(other_runs, in_all - count)
        for count in range(failures, min(runs, in_all) + 1)
    )
    return found / ways
