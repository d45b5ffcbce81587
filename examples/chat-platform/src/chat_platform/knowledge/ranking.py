"""Which passage answers a question: the one that shares the rarest words with it."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_SAYS_NOTHING = """
a an and are as at be but by can could did do does for from had has have he her his how i if in is it
its me my of on or our she should so that the their them there they this to was we were what when
where which who why will with would you your
"""
_COMMON = frozenset(_SAYS_NOTHING.split())


@dataclass(frozen=True, slots=True)
class Passage:
    """Something that was said."""

    number: int
    author: str
    text: str
    words: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    """The words that say something, in order, in their simplest form."""
    found = (_stem(each) for each in _WORD.findall(text.lower()) if each not in _COMMON)
    return tuple(found)


def is_question(text: str) -> bool:
    """Whether it asks rather than tells."""
    return text.rstrip().endswith("?")


def rank(question: str, passages: Sequence[Passage]) -> list[Passage]:
    """The passages that say something about it, the best first; of equal ones the newest.

    A word counts for more the fewer passages have it (inverse document frequency).
    """
    asked = set(words(question))
    weight = _weights(passages)
    scored = [
        (sum(weight[word] for word in asked.intersection(each.words)), each.number, each)
        for each in passages
    ]
    best = sorted((entry for entry in scored if entry[0] > 0), key=lambda e: e[:2], reverse=True)
    return [passage for _, _, passage in best]


def _weights(passages: Iterable[Passage]) -> dict[str, float]:
    sets = [set(each.words) for each in passages]
    counts = Counter(word for each in sets for word in each)
    return {word: math.log1p(len(sets) / count) for word, count in counts.items()}


def _stem(word: str) -> str:
    """Without a plural: no more is needed for a chat."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
