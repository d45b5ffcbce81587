"""Whether selection by change leaves out what it should not, on changes that were really merged.

    python3.12 bench/merges.py [--last 30] [PROJECT...]

There are projects that publish a release for every change that they merge: their source distributions are their history, and
can be had wherever packages can. The number of the release is taken out: all code would be affected by it.

Every change is played twice with ``--changed --verify``, which runs what is selected and then the rest. Forwards, as it was merged.
And backwards: its tests stay, its code is taken back; what fails then are the tests of the change, and those that selection had left
out are missed.
"""

import argparse
import re
import shutil
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import environment
from environment import ROOT, TOOLS
from selection import Bench, Verified, verified


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project with its releases, oldest first."""

    name: str
    releases: tuple[str, ...]
    code: str
    """Its folder of code."""
    tests: str = "tests"
    requirements: tuple[str, ...] = ()
    """What its tests need beside the project and pytest."""
    arguments: tuple[str, ...] = ()
    """For pytest."""


def _numbered(text: str) -> tuple[str, ...]:
    """Of ``"40.24.0-1 40.25.0"``: 40.24.0, 40.24.1 and 40.25.0."""
    found = []
    for word in text.split():
        first, _, last = word.partition("-")
        start, _, number = first.rpartition(".")
        found += [f"{start}.{each}" for each in range(int(number), int(last or number) + 1)]
    return tuple(found)


PROJECTS = {
    project.name: project
    for project in (
        Project(
            name="faker",
            releases=_numbered(
                "40.25.0 40.26.0 40.27.0 40.28.0-1 40.29.0 40.30.0 40.31.0 40.32.0 40.33.0-2 40.34.0 "
                "40.35.0 40.36.0 40.37.0 40.38.0 40.39.0 40.40.0 40.41.0 40.42.0 40.43.0 40.44.0 40.45.0 "
                "40.46.0 40.47.0 40.48.0 40.49.0 40.50.0 40.51.0 40.52.0 40.53.0"
            ),
            code="faker",
            requirements=("freezegun", "pillow", "python-stdnum", "ukpostcodeparser", "validators"),
        ),
        Project(
            name="zeroconf",
            releases=_numbered(
                "0.147.0-4 0.148.0 0.149.0-12 0.149.16-17 0.150.0-5 0.151.0-3 0.151.5"
            ),
            code="src",
            requirements=("pytest-asyncio", "pytest-timeout"),
        ),
        Project(
            name="jinja2",
            releases=_numbered("3.1.2-6"),
            code="src",
            requirements=("trio",),
        ),
        Project(name="click", releases=_numbered("8.1.3-8"), code="src"),
    )
}
DEFAULT = ("faker", "zeroconf")


@dataclass(frozen=True, slots=True)
class Played:
    """One change."""

    forwards: Verified
    backwards: Verified

    @property
    def own_failures(self) -> int:
        """How many more tests fail when its code is taken back."""
        return max(0, self.backwards.failures - self.forwards.failures)


def play(project: Project, last: int) -> Iterator[Played]:
    """Play the last so many changes.

    Raises: FetchError.
    """
    folder = TOOLS / "selection" / f"{project.name}-merges"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        environment.unpack(environment.fetch(project.name, project.releases[-1]), folder)
    scripts = environment.create(
        folder.with_name(f"{project.name}-merges-environment"),
        ("pytest", *project.requirements),
        editable=(folder, ROOT),
    )
    bench = Bench(folder, scripts, (project.tests,))
    run = ("run", "--ci", "-q", "--json", "-n", "2", "--changed", *bench.paths)
    if project.arguments:
        run = (*run, "--", *project.arguments)
    bench.forget()
    before, *changes = project.releases[-last - 1 :]
    put(project, before, project.code, folder)
    put(project, before, project.tests, folder)
    bench.run("handrail", *run)
    for release in changes:
        put(project, release, project.code, folder)
        put(project, release, project.tests, folder)
        forwards = verified(bench, run)
        put(project, before, project.code, folder)
        backwards = verified(bench, run)
        put(project, release, project.code, folder)
        bench.run("handrail", *run)  # what failed passes again, and is recorded
        print(f"  {release}: {_told(forwards)}; taken back: {_told(backwards)}", flush=True)
        before = release
        yield Played(forwards, backwards)


def put(project: Project, release: str, part: str, folder: Path) -> None:
    """One folder of a release in place of that of another, without its number."""
    sources = TOOLS / "selection" / f"{project.name}-{release}-release"
    if not sources.exists():
        environment.unpack(environment.fetch(project.name, release), sources)
    shutil.rmtree(folder / part)
    ignored = shutil.ignore_patterns("*.egg-info", "*.so", "*.c")
    shutil.copytree(sources / part, folder / part, ignore=ignored)
    for path in (folder / part).rglob("__init__.py"):
        text = path.read_text("utf-8")
        without = re.sub(r'(?m)^(__version__|VERSION) = ".*"$', r'\1 = "1"', text)
        if without != text:
            path.write_text(without, "utf-8")


def _told(found: Verified) -> str:
    why = f" ({found.because})" if found.because else ""
    missed = f", MISSED {found.missed[:3]}" if found.missed else ""
    return f"{found.share:.1%} selected{why}, {found.failures} failed{missed}"


def main() -> int:
    """Play what the command line names; 1 if anything was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("projects", nargs="*", default=DEFAULT, choices=[*PROJECTS, []])
    parser.add_argument("--last", type=int, default=30)
    options = parser.parse_args()
    if sys.version_info < (3, 12):
        sys.exit("functions are seen from Python 3.12 on: run this with it")
    missed = 0
    for name in options.projects:
        print(f"{name}, Python {sys.version.split()[0]}")
        played = list(play(PROJECTS[name], options.last))
        every = [found for each in played for found in (each.forwards, each.backwards)]
        of_project = sum(len(found.missed) for found in every)
        shares = [found.share for found in every]
        print(
            f"  {len(played)} changes: {statistics.median(shares):.1%} of the tests selected (median), "
            f"{sum(bool(found.because) for found in every)} of {len(every)} times all; "
            f"{sum(bool(each.own_failures) for each in played)} changes have tests that fail without them, "
            f"{sum(each.own_failures for each in played)} in all; {of_project} missed"
        )
        missed += of_project
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
