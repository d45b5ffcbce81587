"""A flame graph as one SVG file: no script, no font, no network. Each box says in a tooltip what it is."""

from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape
from zlib import crc32

from handrail.frozen import dataclass

WIDTH = 1200
ROW = 18
TOP = 44
CHARACTER = 6.6
"""Width of a character, about."""
LEAST = 0.4
"""Boxes narrower than this many pixels are left out."""
_STYLE = (
    "text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#1a1a1a;pointer-events:none}"
    ".head{font:14px system-ui,sans-serif;fill:#333}.back{fill:#fff}rect{stroke:#fff;stroke-width:.5}"
    "rect:hover{stroke:#000;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){.head{fill:#ddd}.back{fill:#1b1b1b}rect{stroke:#1b1b1b}"
    "rect:hover{stroke:#fff}}"
)


@dataclass(slots=True)
class _Box:
    name: str
    value: float
    inner: "dict[str, _Box]"


def flame_graph(
    stacks: Mapping[tuple[str, ...], float], *, title: str, shown: Callable[[float], str]
) -> str:
    """The SVG. ``stacks``: values by frames, outermost first, which is on top.

    ``shown``: a value in words. Control characters, which XML has not, are replaced.
    """
    root = _Box("all", 0.0, {})
    for frames, value in sorted(stacks.items()):
        root.value += value
        box = root
        for frame in frames:
            box = box.inner.setdefault(frame, _Box(frame, 0.0, {}))
            box.value += value
    scale = WIDTH / root.value if root.value else 0.0
    parts = list(_drawn(root, 0.0, 0, scale, shown)) if root.value else []
    height = TOP + ROW * (1 + max((depth for depth, _ in parts), default=0)) + 12
    body = "\n".join(text for _, text in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="{_safe(title)}">\n<style>{_STYLE}</style>\n'
        f'<rect class="back" width="{WIDTH}" height="{height}"/>\n'
        f'<text class="head" x="8" y="26">{_safe(title)}</text>\n{body}\n</svg>\n'
    )


def _drawn(
    box: _Box, left: float, depth: int, scale: float, shown: Callable[[float], str]
) -> Iterator[tuple[int, str]]:
    """Boxes with their depth; a stack of its own, for Python's does not reach as deep."""
    todo = [(box, left, depth)]
    whole = box.value
    while todo:
        box, left, depth = todo.pop()
        width = box.value * scale
        if width < LEAST:
            continue
        y = TOP + ROW * depth
        share = f"{box.value / whole:.1%}"
        hint = _safe(f"{box.name}: {shown(box.value)}, {share}")
        text = box.name[: int((width - 6) / CHARACTER)] if width > 30 else ""
        label = f'<text x="{left + 3:.1f}" y="{y + 13}">{_safe(text)}</text>' if text else ""
        area = (
            f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}" '
            f'fill="{_colour(box.name)}"/>'
        )
        yield depth, f"<g><title>{hint}</title>{area}{label}</g>"
        at = left
        for each in box.inner.values():
            todo.append((each, at, depth + 1))
            at += each.value * scale


def _colour(name: str) -> str:
    """Warm; the same for the same name, in every graph."""
    number = crc32(name.encode("utf-8", "replace"))
    return f"hsl({20 + number % 35} {70 + number // 64 % 20}% {60 + number // 4096 % 15}%)"


def _safe(text: str) -> str:
    printable = "".join(each if each.isprintable() else "?" for each in text)
    return escape(printable, {'"': "&quot;"})
