"""Do real suites give the same results under handrail as under plain pytest?

Each suite runs twice under plain pytest (a test on which these two disagree is flaky by itself: it
is named and left out) and once under ``handrail run``. Every node id, outcome and count is
compared. Exit 1 if any differ.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import commands
import real_suites
import records
import tables
from commands import BrokenRunError, Project
from environment import FetchError
from real_suites import RealSuite
from records import NoRecordError, Record

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One suite under plain pytest and under handrail."""

    name: str
    tests: int
    plain_s: float
    handrail_s: float
    warnings: tuple[int, int]
    flaky: frozenset[str]
    differences: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """This suite's row of the table."""
        plain, ours = self.warnings
        return (
            self.name,
            str(self.tests),
            f"{self.plain_s:.2f}",
            f"{self.handrail_s:.2f}",
            f"{self.handrail_s / self.plain_s:.2f}",
            str(plain) if plain == ours else f"{plain} / {ours}",
            f"NO: {len(self.differences)}" if self.differences else "yes",
        )


HEADER = ("suite", "tests", "plain s", "handrail s", "ratio", "warnings", "equal")


def compare(suite: RealSuite, workers: int) -> Comparison:
    """Run one suite three times and compare. Raises: FetchError, BrokenRunError, NoRecordError."""
    project = project_of(suite)
    first, _ = _plain(project)
    second, plain_s = _plain(project)
    ours, handrail_s = _handrail(project, workers)
    flaky = records.unsteady(first, second)
    return Comparison(
        name=suite.name,
        tests=len(second.tests),
        plain_s=plain_s,
        handrail_s=handrail_s,
        warnings=(second.warnings, ours.warnings),
        flaky=flaky,
        differences=tuple(records.differences(second, ours, ignored=flaky)),
    )


def project_of(suite: RealSuite) -> Project:
    """A real suite, fetched and installed. Raises: FetchError."""
    prepared = real_suites.prepare(suite)
    return Project(
        name=suite.name,
        folder=prepared.folder,
        environment=prepared.environment,
        paths=suite.paths,
        arguments=suite.arguments,
    )


def _plain(project: Project) -> tuple[Record, float]:
    with tempfile.TemporaryDirectory() as folder:
        path, variables = records.recording(Path(folder))
        command = commands.plain(project, "-p", records.PLUGIN)
        finished = commands.run_to_the_end(command, project, variables=variables)
        return records.of_pytest(path), finished.wall_s


def _handrail(project: Project, workers: int) -> tuple[Record, float]:
    finished = commands.run_to_the_end(commands.handrail(project, workers), project)
    return records.of_handrail(project.folder, finished.exit_code or 0), finished.wall_s


def _explain(comparison: Comparison) -> None:
    if comparison.flaky:
        names = ", ".join(sorted(comparison.flaky)[:SHOWN])
        print(f"  {comparison.name}: left out, flaky under plain pytest: {names}")
    for line in comparison.differences[:SHOWN]:
        print(f"  {line}")
    if len(comparison.differences) > SHOWN:
        print(f"  and {len(comparison.differences) - SHOWN} more")


def _compared(names: list[str], workers: int) -> tuple[list[Comparison], list[str]]:
    comparisons, broken = [], []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            comparison = compare(real_suites.named(name), workers)
        except (BrokenRunError, FetchError, NoRecordError) as error:
            print(f"{name}: {error}")
            broken.append(name)
        else:
            comparisons.append(comparison)
            _explain(comparison)
    return comparisons, broken


def main() -> int:
    """Compare the suites named, or all."""
    known = [suite.name for suite in real_suites.SUITES]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(known)}")
    parser.add_argument("-n", "--workers", type=int, default=2)
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - set(known):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")

    comparisons, broken = _compared(arguments.suites or known, arguments.workers)
    print()
    print(tables.text(HEADER, [each.cells for each in comparisons]))
    unequal = [each.name for each in comparisons if each.differences]
    if broken:
        print(f"\ncould not be compared: {', '.join(broken)}")
    if unequal:
        print(f"\nnot equal to plain pytest: {', '.join(unequal)}")
    return 1 if broken or unequal else 0


if __name__ == "__main__":
    sys.exit(main())
