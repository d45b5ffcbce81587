"""Long answers made short, still as JSON, and what was left out."""

import json
from collections import Counter
from typing import Any

_STEPS = ((500, 8000), (200, 4000), (50, 2000), (20, 1000), (5, 500), (1, 100))
"""Items that a list keeps, and characters that a text keeps: the first pair that is short enough."""


def bounded(text: str, limit_bytes: int) -> tuple[str, str]:
    """The JSON in at most so many bytes, and what had to be left out of it; that is empty if nothing was.

    Raises: ValueError if the text is no JSON.
    """
    document = json.loads(text)
    if len(text.encode()) <= limit_bytes:
        return text, ""
    for items, characters in _STEPS:
        cuts: Counter[str] = Counter()
        short = json.dumps(_cut(document, "", items, characters, cuts))
        if len(short) <= limit_bytes:
            return short, "; ".join(f"{count} of {what}" for what, count in cuts.items())
    return "{}", "everything"


def _cut(value: object, path: str, items: int, characters: int, cuts: Counter[str]) -> Any:  # noqa: ANN401 - JSON is whatever it is
    match value:
        case str():
            if len(value) <= characters:
                return value
            cuts[f"the characters of {path}"] += len(value) - characters
            return f"{value[:characters]}..."
        case list():
            if len(value) > items:
                cuts[path or "the list"] += len(value) - items
            return [_cut(each, f"{path}[]", items, characters, cuts) for each in value[:items]]
        case dict():
            return {
                name: _cut(each, f"{path}.{name}".lstrip("."), items, characters, cuts)
                for name, each in value.items()
            }
        case _:
            return value
