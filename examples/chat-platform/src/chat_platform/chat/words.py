"""What may be said, and who is meant."""

import re
from collections.abc import Collection

LONGEST = 2000
_MENTION = re.compile(r"(?<![\w@])@([a-z][a-z0-9-]*)")


def clean(text: str) -> str:
    """What is kept of what somebody typed: no control characters, no blank ends.

    Raises: ValueError if nothing is left, or too much.
    """
    kept = "".join(each for each in text if each in "\n\t" or each.isprintable()).strip()
    if not kept:
        raise ValueError("say something")
    if len(kept) > LONGEST:
        raise ValueError(f"say it in {LONGEST} characters")
    return kept


def mentions(text: str, members: Collection[str]) -> list[str]:
    """The members that a message names with an @, once each, in the order of the text."""
    return list(dict.fromkeys(name for name in _MENTION.findall(text) if name in members))
