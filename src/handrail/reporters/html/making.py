"""One file of it all: the page, its style, its scripts and the data, with nothing from outside."""

import base64
import hashlib
import html
import zlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from handrail.reporters.json_report import ascii_json

SCRIPTS = (
    "elements.js",
    "model.js",
    "address.js",
    "problems.js",
    "overview.js",
    "tests.js",
    "details.js",
    "timeline.js",
    "durations.js",
    "theme.js",
    "main.js",
)
"""In this order they are one script."""
RUNS_SCRIPTS = ("elements.js", "theme.js", "listening.js", "runs.js")
LIVE_SCRIPTS = ("elements.js", "theme.js", "listening.js", "live.js")
SMALL_BYTES = 4096
"""Data that is smaller is not packed."""


def page(data: Mapping[str, Any], *, digest: str) -> str:
    """The whole page. ``digest``: what it says where scripts are turned off.

    The browser runs our script and no other, whatever a text contains: its hash is in the page's own
    security policy, which forbids every connection too.
    """
    script = scripts(*SCRIPTS)
    kind, body = pack(ascii_json(data))
    run = data["run"]
    return _filled(
        asset("page.html"),
        {
            "POLICY": policy(script),
            "TITLE": html.escape(f"{run['verdict']} · {run['id']} · Handrail"),
            "VERDICT": html.escape(run["verdict"]),
            "STYLE": asset("page.css"),
            "SCRIPT": script,
            "DIGEST": html.escape(digest),
            "KIND": kind,
            "DATA": body,
        },
    )


def served_page(script_names: Sequence[str], *, title: str, run: str = "") -> str:
    """A page of ``handrail serve`` that asks that server, and nobody else, what to show."""
    script = scripts(*script_names)
    values = {
        "POLICY": f"{policy(script)}; connect-src 'self'",
        "TITLE": html.escape(title),
        "RUN": html.escape(run),
        "STYLE": asset("page.css"),
        "SCRIPT": script,
    }
    return _filled(asset("shell.html"), values)


def asset(name: str) -> str:
    """A file of ``page/``."""
    return resources.files(__name__.rpartition(".")[0]).joinpath("page", name).read_text("utf-8")


def scripts(*names: str) -> str:
    """Several files as one script that leaves nothing behind in the browser's global names."""
    body = "\n".join(asset(name) for name in names)
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def policy(script: str) -> str:
    """What the page may do: run this script, style itself, show what it holds, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data: blob: file: 'self'; media-src data: blob: file: 'self'; base-uri 'none'; form-action 'none'"
    )


def pack(text: str) -> tuple[str, str]:
    """How the data is written, and the data: as it is, or deflated where that is smaller.

    Neither can end the element that it stands in.
    """
    written = text.replace("<", "\\u003c")
    if len(written) > SMALL_BYTES:
        packed = base64.b64encode(zlib.compress(text.encode("ascii"), 6)).decode()
        if len(packed) < len(written):
            return "deflate", packed
    return "json", written


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with each ``{{NAME}}`` replaced, once, so that no value is taken for a template."""
    parts = template.split("{{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}}")
        filled += [values[name], rest]
    return "".join(filled)
