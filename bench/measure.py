"""Pair plain pytest, pytest-xdist and handrail in one run, and say which figures are reached.

Without suites: all generated ones. ``--real`` adds the real ones (fetched on first use).
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import cases
import environment
import outliving
import real_suites
import tables
from cases import CaseResult, Effort, Ready
from commands import BrokenRunError
from environment import FetchError
from records import NoRecordError

NEED_HANDRAIL = frozenset({"growth", "idle", "start", "hangs", *outliving.by_name()})


def main() -> int:
    """Measure, print two tables; exit 1 if a figure was missed or could not be measured."""
    known = cases.generated_cases() | outliving.by_name()
    arguments = _arguments(list(known))
    effort = Effort(
        rounds=arguments.rounds, memory_rounds=arguments.memory_rounds, workers=arguments.workers
    )
    wanted = arguments.suites or ([] if arguments.real is not None else list(known))
    if not environment.current().has_handrail:
        print("handrail is not installed here: only its peers are measured", file=sys.stderr)
        wanted = [name for name in wanted if name not in NEED_HANDRAIL]

    results: list[CaseResult] = []
    broken = 0
    for name in wanted:
        broken += _attempt(results, partial(known[name], effort))
    if arguments.real is not None:
        names = arguments.real or [suite.name for suite in real_suites.SUITES]
        broken += _attempt(results, partial(cases.real, effort, names))

    table = tables.markdown if arguments.markdown else tables.text
    print(table(TIMES_HEADER, list(_time_rows(results))), end="\n\n")
    print(table(FIGURES_HEADER, list(_figure_rows(results))))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1))
    missed = any(figure.verdict == "MISS" for result in results for figure in result.figures)
    return 1 if missed or broken else 0


TIMES_HEADER = ("suite", "command", "wall s", ": plain", "MiB", "set-ups")
FIGURES_HEADER = ("suite", "figure", "measured", "at most", "")


def _arguments(known: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(known)}")
    parser.add_argument("--real", nargs="*", metavar="NAME", help="real suites: these, or all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory-rounds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--markdown", action="store_true", help="tables for the documentation")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every measured number")
    arguments = parser.parse_args()
    if unknown := set(arguments.suites) - set(known):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


def _attempt(results: list[CaseResult], case: Ready) -> int:
    """Add a case's results; a case that breaks is reported and counted, the others go on."""
    try:
        results.extend(case())
    except (FetchError, NoRecordError, BrokenRunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _time_rows(results: Sequence[CaseResult]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for measured in result.measured:
            peak = measured.peak_bytes
            yield (
                result.name,
                measured.label,
                f"{measured.wall_s:.{2 if measured.wall_s >= 1 else 3}f}",
                f"{measured.ratio(result.measured[0]):.2f}",
                f"{peak / 2**20:.0f}" if peak else "",
                str(measured.most_setups or ""),
            )


def _figure_rows(results: Sequence[CaseResult]) -> Iterator[tuple[str, ...]]:
    for result in results:
        for figure in result.figures:
            bound = "" if figure.at_most is None else f"{figure.at_most:g}"
            measured = f"{figure.value:.2f}".removesuffix(".00")
            yield figure.suite, figure.name, measured, bound, figure.verdict


if __name__ == "__main__":
    sys.exit(main())
