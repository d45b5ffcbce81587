"""What the camera sees: rectangles before a grey wall, 64 by 48 pixels."""

import numpy as np

from home_security.detector.silhouettes import Box

BACKGROUND = np.full((48, 64), 60, dtype=np.uint8)

# name: (rectangles as left, top, width, height; boxes that are to be found)
SCENES = {
    "nobody": ([], []),
    "one": ([(10, 10, 6, 12)], [Box(10, 10, 6, 12, 72)]),
    "two apart": ([(4, 8, 5, 11), (40, 8, 5, 11)], [Box(4, 8, 5, 11, 55), Box(40, 8, 5, 11, 55)]),
    "two that touch are one": ([(4, 8, 5, 10), (9, 8, 5, 10)], [Box(4, 8, 10, 10, 100)]),
    "corners do not touch": (
        [(4, 4, 3, 3), (7, 7, 3, 3)],
        [Box(4, 4, 3, 3, 9), Box(7, 7, 3, 3, 9)],
    ),
    "at the edges": (
        [(0, 0, 2, 48), (62, 0, 2, 48)],
        [Box(0, 0, 2, 48, 96), Box(62, 0, 2, 48, 96)],
    ),
    "a ring": (
        [(10, 10, 9, 1), (10, 18, 9, 1), (10, 10, 1, 9), (18, 10, 1, 9)],
        [Box(10, 10, 9, 9, 32)],
    ),
}


def painted(rectangles):
    """A frame with bright rectangles."""
    frame = BACKGROUND.copy()
    for left, top, width, height in rectangles:
        frame[top : top + height, left : left + width] = 200
    return frame


def night():
    """A frame with noise: every pixel a little different."""
    noise = np.random.default_rng(7).integers(-20, 21, BACKGROUND.shape)
    return (BACKGROUND + noise).astype(np.uint8)
