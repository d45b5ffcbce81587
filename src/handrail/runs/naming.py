"""Names of runs: short enough to be typed, read aloud and pasted."""

from collections.abc import Collection
from random import Random

ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"
"""Nothing that looks like something else (0 o 1 l i), and no vowels, so no words."""

_SHORTEST = 4
_TRIES = 8


def new_run_id(taken: Collection[str], random: Random) -> str:
    """An id that is not ``taken``: four characters, or more where four are nearly used up."""
    tries = 0
    while True:
        length = _SHORTEST + tries // _TRIES
        candidate = "".join(random.choice(ALPHABET) for _ in range(length))
        if candidate not in taken:
            return candidate
        tries += 1
