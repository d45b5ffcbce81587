"""What the agent has to say."""

import operator
from collections.abc import Callable, Iterator, Sequence

from voice_agent.vocabulary import MOST, number, spell

OPERATORS: dict[str, Callable[[int, int], int]] = {
    "plus": operator.add,
    "minus": operator.sub,
    "times": operator.mul,
}


def answer(sentence: Sequence[str]) -> Iterator[str]:
    """The reply, word by word; it need not be known as a whole when its first word is."""
    match list(sentence):
        case [] | ["stop"]:
            return
        case ["hello"]:
            yield "hello"
        case ["count", "to", *words] if (last := number(words)) is not None and last > 0:
            for each in range(1, last + 1):
                yield from spell(each)
        case words:
            yield from _sum(words)


def _sum(words: list[str]) -> Iterator[str]:
    """The result of "two plus three". "minus" may be a sign: every place of an operator is tried."""
    for at in range(1, len(words) - 1):
        if words[at] not in OPERATORS:
            continue
        left, right = number(words[:at]), number(words[at + 1 :])
        if left is None or right is None:
            continue
        result = OPERATORS[words[at]](left, right)
        yield from spell(result) if abs(result) <= MOST else ["too", "much"]
        return
    yield "pardon"
