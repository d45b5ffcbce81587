"""Which word a few frames are: by the two tones that are loudest in most of them."""

from collections import Counter

import numpy as np

from voice_agent.audio import RATE, SAMPLES
from voice_agent.vocabulary import BY_TONES, HIGH_HZ, LOW_HZ, PAUSE_FRAMES
from voice_agent.wire import PAUSE

QUIET = 400.0  # root mean square; 32767 is as loud as it gets
CLEAR = 0.5  # the share of the sound that the two tones must have
VOTES = 3

_TIME = np.arange(SAMPLES) / RATE
_LOW = np.exp(-2j * np.pi * np.outer(LOW_HZ, _TIME))
_HIGH = np.exp(-2j * np.pi * np.outer(HIGH_HZ, _TIME))


def tones(frame: bytes) -> tuple[int, int] | None:
    """The low and the high tone of a frame; None if it is silent, or noise.

    Source: matched filters; a sine of amplitude a gives (a/2)^2 of power in its own and 0 in others.
    """
    samples = np.frombuffer(frame, dtype="<i2").astype(np.float64)
    power = float(np.mean(samples**2))
    if power < QUIET**2:
        return None
    low = np.abs(_LOW @ samples) ** 2 / SAMPLES**2 * 2
    high = np.abs(_HIGH @ samples) ** 2 / SAMPLES**2 * 2
    if float(low.max() + high.max()) < CLEAR * power:
        return None
    return LOW_HZ[int(low.argmax())], HIGH_HZ[int(high.argmax())]


class Ear:
    """Listens to one speaker: frames in, now and then a word or a pause out."""

    def __init__(self) -> None:
        self._votes: Counter[str] = Counter()
        self._silent = 0
        self._in_sentence = False

    def hear(self, frame: bytes) -> str | None:
        """The word, or ``PAUSE``, that is complete with this frame."""
        found = tones(frame)
        if found is not None:
            self._silent = 0
            if found in BY_TONES:
                self._votes[BY_TONES[found]] += 1
            return None
        self._silent += 1
        if word := self._word():
            self._in_sentence = True
            return word
        if self._in_sentence and self._silent >= PAUSE_FRAMES:
            self._in_sentence = False
            return PAUSE
        return None

    def _word(self) -> str | None:
        """What most of the frames said, if enough of them said the same."""
        [(word, count)] = self._votes.most_common(1) or [("", 0)]
        self._votes.clear()
        return word if count >= VOTES else None
