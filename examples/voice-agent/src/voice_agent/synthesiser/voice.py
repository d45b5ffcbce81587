"""The sound of a word: two tones, and a short silence after them."""

from collections.abc import Iterable, Iterator

import numpy as np

from voice_agent.audio import RATE, SAMPLES, SILENCE
from voice_agent.vocabulary import GAP_FRAMES, PAUSE_FRAMES, TONES, WORD_FRAMES

LOUDNESS = 8_000


class UnknownWordError(Exception):
    """A word that is not in the vocabulary."""


def speak(word: str) -> Iterator[bytes]:
    """The frames of ``word``, each made when it is asked for.

    Raises: UnknownWordError.
    """
    if word not in TONES:
        raise UnknownWordError(f"nobody knows how to say {word!r}")
    for frame in range(WORD_FRAMES):
        time = np.arange(frame * SAMPLES, (frame + 1) * SAMPLES) / RATE
        waves = sum(np.sin(2 * np.pi * hertz * time) for hertz in TONES[word])
        yield (waves * LOUDNESS).astype("<i2").tobytes()
    yield from [SILENCE] * GAP_FRAMES


def say(words: Iterable[str]) -> list[bytes]:
    """A whole sentence, and the pause that ends it."""
    return [frame for word in words for frame in speak(word)] + [SILENCE] * PAUSE_FRAMES
