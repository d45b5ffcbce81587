"""What selection by change costs, and whether it leaves out what it should not.

    python3.12 bench/selection.py costs [--rounds 3] [SUITE...]
    python3.12 bench/selection.py replay [--changes 30] [SUITE...]

Costs: plain pytest, pytest-testmon, ``handrail run -n 0`` and the same with ``--changed`` take turns; processor
time of all their processes, because the wall says less on a busy machine; records are thrown away before
each that makes some. Then a run without a change, set against pytest's collection.

Replay: changes that are made up, each in one function: it raises where it begins. ``--changed --verify`` runs everything,
and a failure that selection would have left out counts as missed. That is harder than a commit: whoever runs the function
fails, be it far away. What was really merged: ``bench/merges.py``.
"""

import argparse
import ast
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import environment
from commands import BrokenRunError
from environment import ROOT, TOOLS, Environment
from real_suites import SUITES

DEFAULT = ("jinja2", "click")


@dataclass(frozen=True, slots=True)
class Bench:
    """A suite that can be run with everything that is compared."""

    folder: Path
    environment: Environment
    paths: tuple[str, ...]
    """Where its tests are."""

    def run(self, script: str, *arguments: str) -> float:
        """Seconds of processor time; what it says is in ``last.txt``."""
        before = _used_s()
        done = subprocess.run(
            [self.environment.script(script), *arguments],
            cwd=self.folder,
            env=self.environment.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        (self.folder / ".last.txt").write_text(done.stdout + done.stderr)
        return _used_s() - before

    def forget(self) -> None:
        """Throw away what was recorded."""
        for path in (
            *self.folder.glob(".testmondata*"),
            *self.folder.glob(".handrail/changed.db*"),
        ):
            path.unlink()


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def prepare(name: str) -> Bench:
    """Raises: FetchError."""
    suite = next(each for each in SUITES if each.name == name)
    folder = TOOLS / "selection" / f"{suite.name}-{suite.version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        environment.unpack(environment.fetch(suite.name, suite.version), folder)
    wanted = ("pytest", "pytest-testmon", *suite.requirements)
    found = environment.create(
        folder.with_name(f"{suite.name}-environment"), wanted, editable=(folder, ROOT)
    )
    return Bench(folder, found, suite.paths)


def costs(bench: Bench, rounds: int) -> None:
    """Print what recording and a run without a change cost."""
    paths = bench.paths
    ways: dict[str, Callable[[], float]] = {
        "pytest": lambda: bench.run("pytest", "-q", "-p", "no:testmon", *paths),
        "pytest --testmon": lambda: bench.run("pytest", "-q", "--testmon", *paths),
        "handrail -n 0": lambda: bench.run("handrail", "run", "--ci", "-q", "-n", "0", *paths),
        "handrail -n 0 --changed": lambda: bench.run(
            "handrail", "run", "--ci", "-q", "-n", "0", "--changed", *paths
        ),
    }
    took: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            bench.forget()
            took[way].append(run())
    least = {way: min(each) for way, each in took.items()}
    for way, each in took.items():
        print(f"  {way:26} {least[way]:6.2f} s  {[round(one, 2) for one in each]}")
    theirs = least["pytest --testmon"] - least["pytest"]
    ours = least["handrail -n 0 --changed"] - least["handrail -n 0"]
    print(f"  recording: {ours:.2f} s, testmon's {theirs:.2f} s: {ours / theirs:.2f} of it; <= 0.7")
    quiet: dict[str, Callable[[], float]] = {
        "pytest --collect-only": lambda: bench.run(
            "pytest", "-q", "-p", "no:testmon", "--collect-only", *paths
        ),
        "handrail -n 0 --changed": ways["handrail -n 0 --changed"],
    }
    quiet["handrail -n 0 --changed"]()
    again: dict[str, list[float]] = {way: [] for way in quiet}
    for _ in range(rounds):
        for way, run in quiet.items():
            again[way].append(run())
    collects, ends = (min(each) for each in again.values())
    print(
        f"  without a change: {ends:.2f} s, collection {collects:.2f} s: {ends / collects:.2f}; <= 1.2"
    )


def functions(folder: Path) -> Iterator[tuple[Path, ast.FunctionDef]]:
    """Every function of the project's own sources."""
    for path in sorted((folder / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.body:
                yield path, node


def replay(bench: Bench, changes: int) -> None:
    """Print how much is selected, and what would be missed."""
    chance = random.Random(1)
    found = chance.sample(list(functions(bench.folder)), changes)
    run = ("run", "--ci", "-q", "--json", "-n", "2", "--changed", *bench.paths)
    bench.forget()
    bench.run("handrail", *run)
    shares, missed, failing, all_run = [], 0, 0, 0
    for path, function in found:
        text = path.read_text("utf-8")
        lines = text.splitlines(keepends=True)
        first = function.body[0]
        indent = " " * first.col_offset
        if first.lineno == function.lineno:
            continue  # all of it on one line
        lines.insert(first.lineno - 1, f"{indent}raise RuntimeError('changed')\n")
        try:
            path.write_text("".join(lines), "utf-8")
            found_out = verified(bench, run)
        finally:
            path.write_text(text, "utf-8")
        if found_out.missed:
            print(f"  MISSED: {path.name}:{function.name}: {found_out.missed[:5]}")
        missed += len(found_out.missed)
        failing += found_out.failures
        all_run += bool(found_out.because)
        shares.append(found_out.share)
        bench.run("handrail", *run)  # what failed passes again, and is recorded
    print(
        f"  {len(shares)} changes: {statistics.median(shares):.1%} of the tests selected (median), "
        f"{statistics.mean(shares):.1%} (mean), {all_run} times all; {failing} failures, {missed} missed"
    )


@dataclass(frozen=True, slots=True)
class Verified:
    """What one ``--changed --verify`` told."""

    share: float
    """Of the recorded tests that were selected."""
    because: str
    failures: int
    missed: list[str]


def verified(bench: Bench, run: tuple[str, ...]) -> Verified:
    """Run with ``--verify``. Raises: BrokenRunError if not every test ran, for that says nothing."""
    bench.run("handrail", *run, "--verify")
    report = json.loads((bench.folder / ".last.txt").read_text().partition("\n")[0])
    if not report["complete"]:
        first = report["failures"][:1] or [
            {"message": report["reason"], "where": bench.folder.name}
        ]
        raise BrokenRunError(f"{first[0]['where']}: {first[0]['message']}")
    changed = report["changed"]
    selected = sum(len(each["tests"]) for each in changed["affected"])
    known = selected + changed["unaffected"]
    return Verified(
        share=1.0 if changed["because"] or not known else selected / known,
        because=changed["because"],
        failures=report["summary"]["failed"] + report["summary"]["error"],
        missed=changed["verified"]["missed"],
    )


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("costs", "replay"))
    parser.add_argument("suites", nargs="*", default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--changes", type=int, default=30)
    options = parser.parse_args()
    if sys.version_info < (3, 12):
        sys.exit("functions are seen from Python 3.12 on: run this with it")
    if shutil.which("git") is None:
        print("without git, handrail keeps no commit")
    for name in options.suites:
        bench = prepare(name)
        print(f"{bench.folder.name}, Python {sys.version.split()[0]}")
        if options.what == "costs":
            costs(bench, options.rounds)
        else:
            replay(bench, options.changes)


if __name__ == "__main__":
    main()
