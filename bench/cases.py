"""What is measured: each case turns one suite, or one question, into figures."""

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import commands
import downstream
import environment
import real_suites
import records
import rounds
import suites
import targets
from commands import XDIST_MODES, Command, Project
from records import Counts
from rounds import Measured
from targets import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to measure."""

    rounds: int
    memory_rounds: int
    workers: int

    def at_most(self, count: int) -> "Effort":
        """The same with fewer rounds."""
        return Effort(
            rounds=min(self.rounds, count),
            memory_rounds=min(self.memory_rounds, 1),
            workers=self.workers,
        )

    def with_workers(self, workers: int) -> "Effort":
        """The same with another number of workers."""
        return Effort(rounds=self.rounds, memory_rounds=self.memory_rounds, workers=workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case: its commands as measured, and the figures made of them."""

    name: str
    measured: Sequence[Measured]
    figures: Sequence[Figure]


Case = Callable[[Effort], list[CaseResult]]
Ready = Callable[[], list[CaseResult]]


def generated_cases() -> dict[str, Case]:
    """Every case that needs no download, by the name to ask for it."""
    return {
        "trivial": lambda effort: [_suite("trivial", effort)],
        "imports": lambda effort: [_suite("imports", effort)],
        "cpu": lambda effort: [_suite("cpu", effort)],
        "fixtures": lambda effort: [_suite("fixtures", effort.at_most(3))],
        "fixtures-8": lambda effort: [
            _suite("fixtures", effort.at_most(3).with_workers(8), "fixtures, 8 workers")
        ],
        "slow-last": lambda effort: [_suite("slow-last", effort.at_most(3))],
        "one": lambda effort: [_suite("one", effort.with_workers(8), "one, 8 workers")],
        "growth": _growth,
        "idle": _idle,
        "start": _start,
        "crash": _crash,
        "hangs": _hangs,
    }


def real(effort: Effort, names: Sequence[str]) -> list[CaseResult]:
    """The real suites, and the medians over them. Raises: FetchError, BrokenRunError."""
    results = []
    for name in names:
        suite = real_suites.named(name)
        project = downstream.project_of(suite)
        few = effort.at_most(3)
        results.append(_compared(project, few, name, runs_in_xdist=suite.runs_in_xdist))
    medians = [
        targets.figure(targets.REAL_MEDIAN, figure, statistics.median(values))
        for figure in (targets.TO_XDIST, targets.TO_PLAIN, targets.ONE_PROCESS)
        if (values := [f.value for r in results for f in r.figures if f.name == figure])
    ]
    return [*results, CaseResult(name=targets.REAL_MEDIAN, measured=(), figures=medians)]


@contextmanager
def generated(suite: str) -> Iterator[Project]:
    """A generated suite in a folder of its own, as long as it is needed."""
    with TemporaryDirectory(prefix=f"bench-{suite}-") as folder:
        suites.generate(suite, Path(folder))
        yield Project(name=suite, folder=Path(folder), environment=environment.current())


def _suite(suite: str, effort: Effort, name: str | None = None) -> CaseResult:
    with generated(suite) as project:
        return _compared(project, effort, name or suite)


def _compared(
    project: Project, effort: Effort, name: str, *, runs_in_xdist: bool = True
) -> CaseResult:
    """Plain pytest, xdist's modes and handrail with workers and without, in one run."""
    compared = [commands.plain(project)]
    if runs_in_xdist:
        compared += [commands.xdist(project, effort.workers, mode) for mode in XDIST_MODES]
    if project.environment.has_handrail:
        compared += [commands.handrail(project, effort.workers), commands.handrail(project, 0)]
    measured = rounds.measure(
        project, compared, rounds=effort.rounds, memory_rounds=effort.memory_rounds
    )
    return CaseResult(name=name, measured=measured, figures=list(_figures(name, measured)))


def _figures(name: str, measured: Sequence[Measured]) -> Iterator[Figure]:
    plain, *others = measured
    modes = [each for each in others if each.label.startswith("xdist")]
    ours = others[len(modes) :]
    if not ours:
        return
    parallel, single = ours
    best = min(modes, key=lambda mode: mode.wall_s, default=None)
    if best is not None:
        yield targets.figure(name, targets.TO_XDIST, parallel.ratio(best))
    yield targets.figure(name, targets.TO_PLAIN, parallel.ratio(plain))
    yield targets.figure(name, targets.ONE_PROCESS, single.ratio(plain))
    if best is not None and parallel.peak_bytes and best.peak_bytes:
        yield targets.figure(name, targets.MEMORY, parallel.peak_bytes / best.peak_bytes)
    if parallel.most_setups:
        yield targets.figure(name, targets.SETUPS, parallel.most_setups)


def _growth(effort: Effort) -> list[CaseResult]:
    """Is a test of 50,000 dearer than one of 10,000?"""
    with generated("trivial") as small, generated("trivial-50k") as large:
        both = [
            rounds.measure(
                project,
                [commands.handrail(project, effort.workers)],
                rounds=min(effort.rounds, 3),
                memory_rounds=0,
            )[0]
            for project in (small, large)
        ]
    ratio = both[1].ratio(both[0]) / 5
    figures = [targets.figure("growth", targets.GROWTH, ratio)]
    labelled = [
        Measured(label=f"{count} tests", walls_s=each.walls_s)
        for count, each in zip(("10,000", "50,000"), both, strict=True)
    ]
    return [CaseResult(name="growth", measured=labelled, figures=figures)]


def _idle(effort: Effort) -> list[CaseResult]:
    """What the plugin costs, and changes, in a plain pytest run that does not use it."""
    with generated("idle") as project:
        without = commands.plain(project)
        words = tuple(word for word in without.words if word not in commands.WITHOUT_HANDRAIL)
        idle = Command(label="pytest, plugin idle", words=words)
        measured = rounds.measure(
            project, [without, idle], rounds=4 * effort.rounds, memory_rounds=0
        )
        outputs = [_steady(commands.run(each, project).output) for each in (without, idle)]
    differing = sum(one != other for one, other in zip_longest(*outputs))
    figures = [
        targets.figure("idle", targets.IDLE, measured[1].ratio(measured[0])),
        targets.figure("idle", targets.IDLE_OUTPUT, differing),
    ]
    return [CaseResult(name="idle", measured=measured, figures=figures)]


def _steady(output: str) -> list[str]:
    """Lines without what differs between two runs anyway: durations, and the list of plugins."""
    lines = (re.sub(r"in [\d.]+s", "in ?s", line) for line in output.splitlines())
    return [line for line in lines if not line.startswith("plugins:")]


def _start(effort: Effort) -> list[CaseResult]:
    """How long commands that need no pytest take, next to Python itself."""
    with generated("one") as project:
        script = project.environment.script
        compared = [
            Command(label="python -c pass", words=(script("python"), "-c", "pass")),
            Command(label="handrail --version", words=(script("handrail"), "--version")),
            Command(label="handrail config show", words=(script("handrail"), "config", "show")),
        ]
        measured = rounds.measure(project, compared, rounds=4 * effort.rounds, memory_rounds=0)
    bare, version, config = measured
    figures = [
        targets.figure("start", targets.START_VERSION, version.ratio(bare)),
        targets.figure("start", targets.START_CONFIG, config.ratio(bare)),
    ]
    return [CaseResult(name="start", measured=measured, figures=figures)]


def _crash(effort: Effort) -> list[CaseResult]:
    """A test ends its process: how many of the other 9,999 have no result, or two?"""
    with generated("crash") as project, TemporaryDirectory() as folder:
        path, variables = records.recording(Path(folder))
        peer = commands.xdist(project, effort.workers, "load", "-p", records.PLUGIN)
        commands.run(peer, project, variables=variables)
        lost_by_xdist = _lost(records.of_pytest(path), 10_000)
        figures = [Figure(suite="crash, xdist", name=targets.LOST, value=lost_by_xdist)]
        if project.environment.has_handrail:
            done = commands.run(commands.handrail(project, effort.workers), project, limit_s=120)
            ours = records.of_handrail(project.folder, done.exit_code or 0)
            figures.append(targets.figure("crash", targets.LOST, _lost(ours, 10_000)))
    return [CaseResult(name="crash", measured=(), figures=figures)]


def _lost(record: records.Record, tests: int) -> int:
    missing = tests - len(record.tests)
    return missing + sum(sum(counts.values()) != 1 for counts in record.tests.values())


def _hangs(effort: Effort) -> list[CaseResult]:
    """Ten kinds of hang: each must fail, and its two neighbours pass."""
    with generated("hangs") as project:
        done = commands.run(commands.handrail(project, effort.workers), project, limit_s=180)
        tests = records.of_handrail(project.folder, done.exit_code or 0).tests
    wrong = [test for test in _expected_of_hangs() if not _as_expected(test, tests.get(test, {}))]
    figures = [targets.figure("hangs", targets.HUNG, len(wrong))]
    walls = Measured(label=f"handrail -n{effort.workers}", walls_s=[done.wall_s])
    return [CaseResult(name="hangs", measured=[walls], figures=figures)]


def _expected_of_hangs() -> list[str]:
    return [
        f"test_{name}.py::test_{which}"
        for name in suites.HANGS
        for which in ("before", "hang", "after")
    ]


def _as_expected(test: str, counts: Counts) -> bool:
    wanted = "failed" if test.endswith("test_hang") else "passed"
    return dict(counts) == {wanted: 1}
