"""What both detectors share: from blobs to people. No pixels here."""

from collections.abc import Iterable
from dataclasses import dataclass

THRESHOLD = 30  # grey levels by which a pixel differs from the background


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """A blob: its corner, its size and how many of its pixels moved. All in pixels."""

    left: int
    top: int
    width: int
    height: int
    area: int

    @property
    def fill(self) -> float:
        """How much of the box moved."""
        return self.area / (self.width * self.height)


@dataclass(frozen=True, slots=True)
class Person:
    """A blob with the shape of somebody, and how sure we are."""

    box: Box
    confidence: float


def people(boxes: Iterable[Box], *, least_area: int = 24) -> list[Person]:
    """Blobs that stand upright, left to right. Twice as high as wide is the best fit."""
    found = []
    for box in sorted(boxes):
        slimness = box.height / box.width
        if box.area < least_area or not 1.2 <= slimness <= 4.5:
            continue
        fit = 1 - min(abs(slimness - 2.0) / 2.5, 1.0)
        found.append(Person(box, round(0.5 * fit + 0.5 * box.fill, 3)))
    return found
