"""The log of a run as it goes: one event, one line of JSON."""

from handrail.core.text import redacted
from handrail.model.events import Event, to_json
from handrail.reporters.json_report import ascii_json


def line(event: Event) -> str:
    """The event on one line of ASCII, with its line break; secrets of known shapes are hidden."""
    return ascii_json(to_json(redacted(event))) + "\n"
