"""Tables of text, for a terminal or for a page of the documentation."""

from collections.abc import Sequence

Row = Sequence[str]


def text(header: Row, rows: Sequence[Row]) -> str:
    """Columns padded to equal width; the first is left-aligned, the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(_padded(row, widths) for row in (header, rule, *rows))


def markdown(header: Row, rows: Sequence[Row]) -> str:
    """A table in Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (header, *rows)]
    lines.insert(1, "|---" * len(header) + "|")
    return "\n".join(lines)


def _padded(row: Row, widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if index == 0 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
