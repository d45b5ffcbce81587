"""Sound as it travels: 16 kHz, one channel, 16 bits, in frames of 20 ms."""

import io
import wave
from collections.abc import Iterable

RATE = 16_000
FRAME_S = 0.02
SAMPLES = 320
BYTES = 2 * SAMPLES
SILENCE = bytes(BYTES)


class Framer:
    """Cuts what arrives, in pieces of any size, into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, piece: bytes) -> list[bytes]:
        """The frames that are complete now."""
        self._rest += piece
        whole = len(self._rest) // BYTES * BYTES
        done, self._rest = self._rest[:whole], self._rest[whole:]
        return [done[start : start + BYTES] for start in range(0, whole, BYTES)]


class Pacer:
    """When the frames of a reply are due, so that they arrive as fast as they are heard."""

    def __init__(self, began_at: float) -> None:
        self._due_at = began_at

    def wait_s(self, now: float) -> float:
        """How long the next frame must wait.

        A frame that comes late is not made up for by a burst: those after it are due from then on.
        """
        wait = max(0.0, self._due_at - now)
        self._due_at = max(self._due_at, now) + FRAME_S
        return wait


def wav(frames: Iterable[bytes]) -> bytes:
    """The same sound as a file that every player knows."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(b"".join(frames))
    return file.getvalue()
