"""The words that the agent knows, and the two tones that each of them is."""

from itertools import product

SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
OTHERS = [
    "hundred",
    "plus",
    "minus",
    "times",
    "count",
    "to",
    "hello",
    "stop",
    "pardon",
    "too",
    "much",
]
WORDS = (*SMALL, *TENS, *OTHERS)

# Multiples of 50 Hz: in 20 ms each makes whole waves, so that no tone is heard in place of another.
LOW_HZ = tuple(range(300, 1100, 100))
HIGH_HZ = tuple(range(1500, 3100, 200))

TONES: dict[str, tuple[int, int]] = dict(zip(WORDS, product(LOW_HZ, HIGH_HZ), strict=False))
BY_TONES = {tones: word for word, tones in TONES.items()}

WORD_FRAMES = 5
GAP_FRAMES = 2  # one of them is silent as a whole, wherever frames begin
PAUSE_FRAMES = 10  # who is silent for so long has ended the sentence

MOST = 999


def spell(number: int) -> list[str]:
    """A number as it is said.

    Raises: ValueError beyond ±999: there are no words for it.
    """
    if abs(number) > MOST:
        raise ValueError(f"no words for {number}")
    if number < 0:
        return ["minus", *spell(-number)]
    if number < len(SMALL):
        return [SMALL[number]]
    if number < 100:
        tens, rest = divmod(number, 10)
        return [TENS[tens - 2], *(spell(rest) if rest else [])]
    hundreds, rest = divmod(number, 100)
    return [SMALL[hundreds], "hundred", *(spell(rest) if rest else [])]


NUMBERS = {tuple(spell(number)): number for number in range(MOST + 1)}


def number(words: list[str]) -> int | None:
    """The number that these words say, or None if they say none."""
    if words[:1] == ["minus"]:
        positive = NUMBERS.get(tuple(words[1:]))
        return None if positive is None else -positive
    return NUMBERS.get(tuple(words))
