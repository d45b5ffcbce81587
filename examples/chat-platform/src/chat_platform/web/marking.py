"""How what people typed becomes HTML, and what services say becomes a sentence."""

import re
from collections.abc import Collection
from typing import Any

from markupsafe import Markup, escape

_NAME = re.compile(r"(?<![\w@])@([a-z][a-z0-9-]*)")


def with_mentions(text: str, names: Collection[str]) -> Markup:
    """The text as HTML, with who is meant in bold. Nothing that was typed becomes a tag."""
    parts: list[Markup] = []
    at = 0
    for found in _NAME.finditer(text):
        if found[1] in names:
            parts += [escape(text[at : found.start()]), Markup("<b>{}</b>").format(found[0])]
            at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def reason(body: dict[str, Any]) -> str:
    """Why a service said no, for a person."""
    detail = body.get("detail", "something went wrong")
    if isinstance(detail, str):
        return detail
    fields = (str(each["loc"][-1]) for each in detail)
    return "please look again at: " + ", ".join(dict.fromkeys(fields))
