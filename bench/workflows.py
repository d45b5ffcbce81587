"""Lints of workflows on those that well-known projects ship in their source distributions.

``python bench/workflows.py`` prints how often each fault is found; ``--list W11 W12`` prints each finding of
these with its line, to be read by a person: that is how false alarms are found. ``--zizmor`` compares with what zizmor,
which knows nothing of us, says of the same files.
"""

import argparse
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import environment

from handrail.ci.catalogue import FAULTS
from handrail.ci.linting import lint
from handrail.ci.workflows import Finding

PROJECTS: Mapping[str, str] = {
    "anyio": "4.16.0",
    "argon2-cffi": "25.1.0",
    "attrs": "26.1.0",
    "black": "26.10.1",
    "cheroot": "11.1.2",
    "cherrypy": "18.10.0",
    "cibuildwheel": "4.3.5",
    "dask": "2026.8.0",
    "importlib-metadata": "10.2.0",
    "inflect": "7.6.0",
    "iniconfig": "2.3.1",
    "ipykernel": "7.4.0",
    "jsonschema": "4.26.0",
    "jupyter-client": "8.10.0",
    "jupyter-core": "5.9.1",
    "keyring": "25.7.0",
    "nbconvert": "7.17.2",
    "nox": "2026.10.20",
    "path": "17.1.1",
    "pluggy": "1.7.0",
    "portend": "3.2.1",
    "pyproject-api": "1.12.1",
    "pytest": "9.2.0",
    "pytest-cov": "7.1.0",
    "pytest-mock": "3.17.0",
    "pytest-xdist": "3.8.0",
    "referencing": "0.37.0",
    "starlette": "1.10.0",
    "structlog": "26.1.0",
    "traitlets": "5.16.1",
    "twine": "7.0.0",
    "typeguard": "4.6.0",
    "xarray": "2026.9.0",
    "zipp": "4.1.2",
}
"""Whose source distributions have workflows."""


def workflows(archive: Path) -> dict[str, str]:
    """Its workflows, by path without the top folder."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            is_workflow = path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))
            file = tar.extractfile(member) if is_workflow and member.isfile() else None
            if file is not None:
                found[path] = file.read().decode("utf-8", "replace")
    return found


JUDGES = {
    "W04": ("unpinned-uses", ""),
    "W08": ("concurrency-limits", ""),
    "W09 credentials": ("artipacked", "token stays"),
    "W09 permissions": ("excessive-permissions", "permissions"),
}
"""What zizmor calls the same, and by which words our finding is known."""


def judged(texts: Mapping[str, str], findings: Sequence[Finding]) -> Counter[tuple[str, bool]]:
    """How many workflows that we name for a fault zizmor names too, and how many it does not."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in texts.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        command = [environment.current().script("zizmor"), "--offline", "--no-progress"]
        options = ["--format=json-v1", "--no-exit-codes", "--persona=auditor", ".github/workflows"]
        done = subprocess.run([*command, *options], cwd=folder, capture_output=True, check=True)
    named: dict[str, Counter[str]] = {}
    for each in json.loads(done.stdout):
        place = next(at for at in each["locations"] if at["symbolic"]["kind"] == "Primary")
        path = place["symbolic"]["key"]["Local"]["verbatim_path"].removeprefix("./")
        named.setdefault(each["ident"], Counter())[path] += 1
    counts: Counter[tuple[str, bool]] = Counter()
    for code, (ident, words) in JUDGES.items():
        ours = Counter(e.path for e in findings if e.code == code[:3] and words in e.what)
        for path, count in ours.items():
            theirs = named.get(ident, Counter())[path]
            both = (
                min(count, theirs)
                if theirs and ident != "excessive-permissions"
                else count * bool(theirs)
            )
            counts[code, True] += both
            counts[code, False] += count - both
    return counts


def main() -> int:
    """Fetch, lint, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", nargs="*", default=[], metavar="W11")
    parser.add_argument("--zizmor", action="store_true")
    given = parser.parse_args()
    listed = given.list
    agreed: Counter[tuple[str, bool]] = Counter()
    total: Counter[str] = Counter()
    projects: Counter[str] = Counter()
    files = looked = 0
    took_s = 0.0
    for name, version in PROJECTS.items():
        try:
            texts = workflows(environment.fetch(name, version))
        except environment.FetchError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        began = time.perf_counter()
        findings = lint(texts).findings
        took_s += time.perf_counter() - began
        if given.zizmor:
            agreed += judged(texts, findings)
        counts = Counter(each.code for each in findings)
        total += counts
        projects.update(counts.keys())
        files += len(texts)
        looked += 1
        shown = " ".join(f"{code}:{count}" for code, count in sorted(counts.items()))
        print(f"{name} {version}: {len(texts)} workflows; {shown}")
        for each in findings:
            if each.code in listed:
                text = texts[each.path].splitlines()[each.line - 1].strip()
                print(f"    {each.path}:{each.line}: {each.code} {each.what}\n        {text}")
    print(f"\n{looked} projects, {files} workflows, {took_s:.2f} s")
    print("| fault | findings | projects |\n|---|---|---|")
    for code, count in sorted(total.items()):
        print(f"| {code} {FAULTS[code][0]} | {count} | {projects[code]} |")
    for code, (ident, _) in JUDGES.items() if given.zizmor else ():
        print(f"{code}: {agreed[code, True]} also {ident}, {agreed[code, False]} not")
    return 0


if __name__ == "__main__":
    sys.exit(main())
