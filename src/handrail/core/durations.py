"""Recorded times as a file: by module, one line each, so that a difference can be read."""

import json
from collections.abc import Mapping

SCHEMA = "handrail.durations/1"


def durations_text(seconds: Mapping[str, float]) -> str:
    """The file. Seconds by node id, to the tenth of a millisecond; no final line break."""
    modules: dict[str, dict[str, float]] = {}
    for test in sorted(seconds):
        module, _, name = test.partition("::")
        modules.setdefault(module, {})[name] = round(seconds[test], 4)
    found = [f"    {json.dumps(module)}: {json.dumps(each)}" for module, each in modules.items()]
    body = ",\n".join(found)
    inner = f"{{\n{body}\n  }}" if body else "{}"
    return f'{{\n  "schema": "{SCHEMA}",\n  "seconds": {inner}\n}}'


def parse_durations(text: str) -> dict[str, float]:
    """Seconds by node id. Raises: ValueError, which says what is wrong and in which line."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"it has no line with the schema {SCHEMA}")
    modules = document.get("seconds")
    if not isinstance(modules, dict):
        raise ValueError("seconds: no table by module")
    found: dict[str, float] = {}
    for module, tests in modules.items():
        if not isinstance(tests, dict):
            raise ValueError(f"{module}: no table by test")
        for name, seconds in tests.items():
            is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
            if not is_number or not 0 <= seconds < float("inf"):
                raise ValueError(f"{module}::{name}: {seconds!r} is no number of seconds")
            found[f"{module}::{name}" if name else module] = float(seconds)
    return found
