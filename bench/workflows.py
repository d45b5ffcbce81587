"""Lints of workflows on those that well-known projects ship in their source distributions.

``python bench/workflows.py`` prints how often each fault is found; ``--list W11 W12`` prints each finding of
these with its line, to be read by a person: that is how false alarms are found.
"""

import argparse
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import environment

from handrail.ci.catalogue import FAULTS
from handrail.ci.linting import lint

PROJECTS: Mapping[str, str] = {}


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


def main() -> int:
    """Fetch, lint, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", nargs="*", default=[], metavar="W11")
    listed = parser.parse_args().list
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
