"""Cases about runs that outlive their caller: asking about them, following them, their supervisor."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import background
import cases
import commands
import supervising
import targets
import terminals
import watching
from cases import Case, CaseResult, Effort
from commands import BrokenRunError, Command, Project
from rounds import Measured, take_turns
from suites import OPEN

STILL_RUNNING = frozenset({8})
LARGE, SMALL = "gated-100k", "gated-100"
TESTS = {LARGE: 100_000, SMALL: 100}
START_MAY_TAKE_S = 0.05
"""A run is begun in this time, beside the start of a Python like any other."""


def by_name() -> dict[str, Case]:
    """Every case, by the name to ask for it."""
    return {
        "answers": _answers,
        "following": _following,
        "supervisor": supervising.peaks,
        "big-status": _big_status,
        "watch": watching.save_to_verdict,
    }


def _answers(effort: Effort) -> list[CaseResult]:
    """How long commands take that are asked again and again, next to Python itself."""
    with cases.generated("one") as project:
        begin = background.starting(project, effort.workers)

        def start() -> float:
            wall_s = background.seconds(begin, project)
            background.newest(project).wait_for_end()  # it must not disturb who comes next
            return wall_s

        start()
        words = (project.environment.script("python"), "-c", "pass")
        compared = [
            Command(label="python -c pass", words=words),
            background.command(project, "status"),
            background.command(project, "wait"),
            background.command(project, "logs", "--tail", "20"),
        ]
        jobs: dict[str, Callable[[], float]] = {
            each.label: partial(background.seconds, each, project) for each in compared
        }
        measured = take_turns("answers", jobs | {begin.label: start}, rounds=4 * effort.rounds)
    bare, status, wait, logs, started = measured
    figures = [
        targets.figure("answers", targets.STATUS, status.ratio(bare)),
        targets.figure("answers", targets.WAIT, wait.ratio(bare)),
        targets.figure("answers", targets.LOGS, logs.ratio(bare)),
        targets.figure("answers", targets.START, _beyond(started, START_MAY_TAKE_S).ratio(bare)),
    ]
    return [CaseResult(name="answers", measured=measured, figures=figures)]


def _beyond(measured: Measured, allowed_s: float) -> Measured:
    return Measured(label=measured.label, walls_s=[each - allowed_s for each in measured.walls_s])


def _following(effort: Effort) -> list[CaseResult]:
    """Does a run take longer because somebody watches it? Its tests leave no processor idle."""
    with cases.generated("busy") as project:
        run = commands.handrail(project, effort.workers)
        jobs = {
            "start, until its verdict": partial(_until_verdict, project, effort.workers),
            "run, through a pipe": partial(background.seconds, run, project),
            "run, at a terminal": partial(_at_terminal, run, project),
        }
        measured = take_turns("following", jobs, rounds=effort.rounds)
    alone, piped, shown = measured
    figures = [
        targets.figure("following", targets.FOLLOWED, piped.ratio(alone)),
        targets.figure("following", targets.SHOWN, shown.ratio(alone)),
    ]
    return [CaseResult(name="following", measured=measured, figures=figures)]


def _until_verdict(project: Project, workers: int) -> float:
    """From before ``handrail start`` to when its state is written for the last time."""
    began = time.time()
    with background.started(project, workers) as run:
        run.wait_for_end()
        return run.verdict_at - began


def _at_terminal(run: Command, project: Project) -> float:
    finished = terminals.run(run, project, variables=background.VARIABLES)
    if finished.exit_code != 0:
        raise BrokenRunError(f"{run.label} at a terminal\n{finished.output[-2000:]}")
    return finished.wall_s


def _big_status(effort: Effort) -> list[CaseResult]:
    """Does ``status`` take longer the more tests a run has? While it goes on, and afterwards."""
    with ExitStack() as stack:
        projects = {name: stack.enter_context(cases.generated(name)) for name in TESTS}
        runs = {}
        for name, project in projects.items():
            runs[name] = stack.enter_context(background.started(project, effort.workers))
            share = (TESTS[name] - 0.5) / (TESTS[name] + 1)
            runs[name].wait_until(lambda state, share=share: state["share"] > share)
        running = _statuses(projects, "running", effort, exits=STILL_RUNNING)
        for name, project in projects.items():
            (project.folder / OPEN).touch()
            runs[name].wait_for_end()
        finished = _statuses(projects, "finished", effort, exits=frozenset({0}))
    figures = [
        targets.figure("big-status", targets.STATUS_RUNNING, running[1].ratio(running[0])),
        targets.figure("big-status", targets.STATUS_FINISHED, finished[1].ratio(finished[0])),
    ]
    return [CaseResult(name="big-status", measured=[*running, *finished], figures=figures)]


def _statuses(
    projects: dict[str, Project], when: str, effort: Effort, *, exits: frozenset[int]
) -> list[Measured]:
    """Of the small run, then of the large one."""
    jobs = {
        f"status, {TESTS[name]:,} tests, {when}": partial(
            background.seconds,
            background.command(projects[name], "status", exits=exits),
            projects[name],
        )
        for name in (SMALL, LARGE)
    }
    return take_turns(f"big-status, {when}", jobs, rounds=4 * effort.rounds)
