"""What linters of others say of the workflows, where they are installed. Nothing goes over the network."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from handrail.ci import dependabot, github, gitlab
from handrail.ci.workflows import Finding

_SCHEMAS = ((github.FOLDER, "github-workflows"), (dependabot.PATH, "dependabot"), (gitlab.FOLDER, "gitlab-ci"))  # fmt: skip


def public_findings(root: Path, paths: Sequence[str], notes: list[str]) -> Iterator[Finding]:
    """Of zizmor and check-jsonschema. ``paths``: all files of CI. Adds to ``notes`` what went wrong."""
    if paths:
        yield from _zizmor(root, notes)
        yield from _check_jsonschema(root, paths, notes)


def _zizmor(root: Path, notes: list[str]) -> Iterator[Finding]:
    command = _installed("zizmor")
    if not command or not (root / github.FOLDER).is_dir():
        return
    options = ["--offline", "--no-progress", "--format=json-v1", "--no-exit-codes"]
    listed = _answer([command, *options, github.FOLDER], root)
    if not isinstance(listed, list):
        notes.append("zizmor gave no answer")
        return
    for each in listed:
        if not each["ignored"]:
            yield _of_zizmor(each)


def _of_zizmor(found: Any) -> Finding:  # noqa: ANN401 - JSON of others
    places = found["locations"]
    primary = [place for place in places if place["symbolic"].get("kind") == "Primary"]
    place = (primary or places)[0]
    return Finding(
        code="zizmor",
        path=str(place["symbolic"]["key"]["Local"]["verbatim_path"]).removeprefix("./"),
        line=place["concrete"]["location"]["start_point"]["row"] + 1,
        what=f"{found['ident']}: {found['desc']}",
        fix=found.get("url", ""),
    )


def _check_jsonschema(root: Path, paths: Sequence[str], notes: list[str]) -> Iterator[Finding]:
    command = _installed("check-jsonschema")
    if not command:
        return
    for start, schema in _SCHEMAS:
        mine = [path for path in paths if path.startswith(start)]
        if not mine:
            continue
        options = ["--builtin-schema", f"vendor.{schema}", "--output-format", "json"]
        answer = _answer([command, *options, *mine], root)
        if not isinstance(answer, dict):
            notes.append(f"check-jsonschema gave no answer for {schema}")
            continue
        for each in answer.get("errors", []):
            at = str(each.get("path", "$"))
            yield Finding(code="schema", path=each["filename"], line=1, what=f"{at}: {each['message']}", fix=f"as the schema {schema} says")  # fmt: skip


def _installed(name: str) -> str:
    """Beside our Python, or on PATH; empty if it is nowhere."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or ""


def _answer(command: Sequence[str], root: Path) -> Any:  # noqa: ANN401 - JSON of others
    done = subprocess.run(
        command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        errors="replace", check=False, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        return json.loads(done.stdout)
    except ValueError:
        return None
