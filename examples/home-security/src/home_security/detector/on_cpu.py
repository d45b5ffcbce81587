"""Blobs with NumPy."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from home_security.detector.silhouettes import THRESHOLD, Box

Grey = NDArray[np.uint8]


def blobs(frame: Grey, background: Grey) -> list[Box]:
    """The connected areas (over edges, not corners) where a frame differs from the background."""
    moved = np.abs(frame.astype(np.int16) - background.astype(np.int16)) > THRESHOLD
    seen = np.zeros_like(moved)
    boxes = []
    for row, column in np.argwhere(moved):
        if not seen[row, column]:
            boxes.append(_flooded(moved, seen, int(row), int(column)))
    return sorted(boxes)


def _flooded(moved: NDArray[np.bool_], seen: NDArray[np.bool_], row: int, column: int) -> Box:
    height, width = moved.shape
    waiting = deque([(row, column)])
    seen[row, column] = True
    rows, columns = [], []
    while waiting:
        y, x = waiting.popleft()
        rows.append(y)
        columns.append(x)
        for below, right in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            is_inside = 0 <= below < height and 0 <= right < width
            if is_inside and moved[below, right] and not seen[below, right]:
                seen[below, right] = True
                waiting.append((below, right))
    left, top = min(columns), min(rows)
    return Box(left, top, max(columns) - left + 1, max(rows) - top + 1, len(rows))
