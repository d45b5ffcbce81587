"""Blobs with PyTorch, on a graphics card. Only imported where somebody asks for it."""

import torch

from home_security.detector.on_cpu import Grey
from home_security.detector.silhouettes import THRESHOLD, Box


def blobs(frame: Grey, background: Grey, *, device: str = "cuda") -> list[Box]:
    """The same boxes as ``on_cpu.blobs``.

    Every moved pixel starts with a label of its own; labels spread to their neighbours, the
    largest wins, until nothing changes. What shares a label is one blob.
    """
    difference = _on(device, frame) - _on(device, background)
    moved = difference.abs() > THRESHOLD
    first = torch.arange(1, moved.numel() + 1, device=device).reshape(moved.shape)
    labels = torch.where(moved, first, 0)
    while True:
        spread = torch.where(moved, _largest_of_neighbours(labels), 0)
        if torch.equal(spread, labels):
            break
        labels = spread
    return sorted(_box(labels == label) for label in labels[moved].unique())


def _on(device: str, image: Grey) -> torch.Tensor:
    return torch.from_numpy(image).to(device=device, dtype=torch.int16)


def _largest_of_neighbours(labels: torch.Tensor) -> torch.Tensor:
    padded = torch.nn.functional.pad(labels, (1, 1, 1, 1))
    shifted = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return torch.stack((labels, *shifted)).amax(dim=0)


def _box(mask: torch.Tensor) -> Box:
    rows, columns = mask.nonzero(as_tuple=True)
    left, top = int(columns.min()), int(rows.min())
    width, height = int(columns.max()) - left + 1, int(rows.max()) - top + 1
    return Box(left, top, width, height, int(mask.sum()))
