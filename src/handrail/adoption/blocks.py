"""Blocks of ours in files of other people: put in, found, taken out again, byte for byte. No I/O."""

import re
from collections.abc import Sequence

from handrail.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The lines around a block. Behind ``begin`` a line may say more."""

    begin: str
    end: str

    def found_in(self, text: str) -> "re.Match[str] | None":
        """The first block, with the end of its last line if it has one."""
        pattern = (
            rf"^{re.escape(self.begin)}(?P<inside>(?:[ \t][^\n]*|\r)?\n.*?){re.escape(self.end)}"
        )
        return re.search(pattern + r"[ \t]*(?:\r?\n|\Z)", text, re.MULTILINE | re.DOTALL)


HASH = Fence(begin="# handrail: begin", end="# handrail: end")
"""In TOML, ini files, Makefiles, justfiles and ``.gitignore``."""
HTML = Fence(begin="<!-- handrail:begin -->", end="<!-- handrail:end -->")
"""In Markdown."""
SAYS = " (by `handrail init`, yours to edit; `handrail init --undo` removes it)"


def fenced(lines: Sequence[str], says: str = "") -> list[str]:
    """Lines between the marks of ``HASH``. ``says``: behind the first mark."""
    return [HASH.begin + says, *lines, HASH.end]


def appended(text: str | None, block: Sequence[str]) -> str:
    """The text with a block at its end, a blank line before it. ``text``: None if there is no file.

    What the text ends with, a newline or none, it ends with afterwards too: so ``removed`` can tell
    what was there before.
    """
    if text is None:
        return "".join(f"{line}\n" for line in block)
    newline = newline_of(text)
    body = newline.join(block)
    if text.endswith("\n"):
        return f"{text}{newline}{body}{newline}"
    return f"{text}{newline}{newline}{body}"


def inserted(text: str, line: int, block: Sequence[str]) -> str:
    """The text with a block below that line, counted from 1."""
    newline = newline_of(text)
    lines = text.splitlines(keepends=True)
    last = lines[line - 1]
    if not last.endswith("\n"):
        return f"{text}{newline}{newline.join(block)}"
    lines[line:line] = [f"{each}{newline}" for each in block]
    return "".join(lines)


def removed(text: str, fence: Fence) -> str | None:
    """The text as it was before its blocks were put in; None if the file was not there."""
    while found := fence.found_in(text):
        before, after = text[: found.start()], text[found.end() :]
        if not before and not after and found[0].endswith("\n"):
            return None
        if not found[0].endswith("\n"):
            before = _less(_less(before) if _is_below_blank(before) else before)
        elif _is_below_blank(before):
            before = _less(before)
        text = before + after
    return text


def renewed(text: str, fence: Fence, block: Sequence[str]) -> str:
    """The text with another block in place of its first one."""
    found = fence.found_in(text)
    assert found is not None  # the caller has looked
    end = found[0][len(found[0].rstrip("\r\n")) :]
    return text[: found.start()] + newline_of(text).join(block) + end + text[found.end() :]


def newline_of(text: str) -> str:
    """As its lines end."""
    return "\r\n" if "\r\n" in text else "\n"


def _is_below_blank(before: str) -> bool:
    return before.endswith(("\n\n", "\n\r\n")) or before in {"\n", "\r\n"}


def _less(text: str) -> str:
    """Without the newline at its end."""
    return text[:-2] if text.endswith("\r\n") else text[:-1]
