"""Follow a run to its verdict and publish what it told. Imported while the session starts."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from types import FrameType
from typing import Any, Self

from handrail.app.running import Follower, conclude, lessons_of, remember, start_event
from handrail.cli.losing import conclude_lost
from handrail.cli.publishing import end_of, publish
from handrail.cli.request import Request
from handrail.cli.state_writer import StateWriter
from handrail.core.folding import Folding
from handrail.errors import ExitCode, StateError
from handrail.execution.child import Session
from handrail.execution.console import STOPPING, Console, terminal_columns
from handrail.execution.keeper import Keeper
from handrail.model.events import Event, Note
from handrail.model.surroundings import format_for
from handrail.reporters.live import LiveView, live
from handrail.runs import state_file
from handrail.runs.event_log import EventLog
from handrail.runs.folder import RunFolder
from handrail.runs.locking import Busy, Held, RunLock
from handrail.wiring import Wiring


def follow(
    arguments: argparse.Namespace,
    wiring: Wiring,
    request: Request,
    session: Session,
    folder: RunFolder,
    facts: dict[str, Any],
    console: Console | None,
) -> ExitCode:
    """Follow a session to its end, judge it, publish what it told; return the exit code.

    ``console``: who watches, if the run has a supervisor of its own.
    """
    shape = format_for(arguments.format, wiring.environ)
    folding = Folding()
    lost = partial(conclude_lost, wiring, folder, session.events, has_tests=arguments.tests)
    keeper = Keeper(session.mark, lost, kept=session.events)
    writer = StateWriter(folder, folding, facts | {"keeper": state_file.owner(keeper.pid)})
    lessons, note = lessons_of(wiring.history)
    session.teach(lessons)
    env = _env(wiring)
    lock = _lock(wiring, folder, facts["began_at"])
    with EventLog(folder.events) as log, lock if isinstance(lock, Held) else nullcontext():
        with _view(arguments, request, shape, folding, console) as view:
            follower = Follower(
                session=session,
                spec=request.spec,
                folding=folding,
                log=log,
                views=(view, writer),
                on_event=_printer(shape),
                root=str(wiring.root),
                is_listing=request.is_listing,
                printed=lambda: end_of(folder.pytest_log),
            )
            _heed_signals(follower)
            follower.tell(
                start_event(
                    request.spec,
                    at=facts["began_at"],
                    tiers=request.named or tuple(tier.name for tier in request.plan.chosen),
                    selection=request.selection,
                    budget_s=request.budget_s,
                    env=env,
                    arguments=arguments.given,
                    folder=os.path.relpath(wiring.folder, wiring.root),
                    rerun_of=arguments.rerun_of,
                )
            )
            writer.write(facts["began_at"])
            notes = (note, _note(wiring.state.note), _mixed(request), _company(lock))
            for each in filter(None, notes):
                follower.tell(each)
            follower.follow()
        report = conclude(
            folding, log, wiring.history, allow_empty=arguments.allow_empty or request.is_listing
        )
        session.close()
        kept = remember(report, wiring.history, env)
        problems = [each for each in (kept, log.problem) if each]
    publish(arguments, wiring, report, folder, writer, problems)
    keeper.release()
    return report.judgement.exit_code


def _lock(wiring: Wiring, folder: RunFolder, began_at: float) -> Held | Busy | None:
    """The lock of this work tree, or who holds it; None where there are no locks."""
    try:
        return RunLock(wiring.state.folder.lock).acquire(run_id=folder.run_id, at=began_at)
    except StateError:
        return None


def _company(lock: Held | Busy | None) -> Note | None:
    if not isinstance(lock, Busy):
        return None
    text = f"run {lock.run_id} is under way in this work tree too: durations say little, and tests may meet"
    return Note(at=time.time(), text=text, code="two-runs", is_warning=True)


def _env(wiring: Wiring) -> dict[str, str]:
    import platform
    from importlib import metadata

    from handrail.runs import checkout

    commit = checkout.commit(wiring.root)
    env = {
        "python": platform.python_version(),
        "pytest": metadata.version("pytest"),
        "platform": sys.platform,
    }
    if commit:
        with checkout.DirtyCheck(wiring.root, timeout_s=1.0) as check:
            is_dirty = check.result()
        env |= {"commit": commit, "dirty": {True: "yes", False: "no", None: ""}[is_dirty]}
    return env


def _note(text: str) -> Note | None:
    return Note(at=time.time(), text=text, code="state", is_warning=True) if text else None


def _mixed(request: Request) -> Note | None:
    if "-s" not in request.pytest_arguments or request.spec.workers < 2:
        return None
    text = f"-s with {request.spec.workers} workers: lines of different tests are mixed; -n 0 keeps them apart"
    return Note(at=time.time(), text=text, code="mixed-output")


def _heed_signals(follower: Follower) -> None:
    """Ctrl-C stops the run, a second one kills it; SIGTERM and SIGHUP stop it.

    To the end of this process: nothing must keep it from telling the verdict.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        follower.stop_asked = "interrupted" if number == signal.SIGINT else "terminated"
        follower.stops += 1

    for each in STOPPING:
        signal.signal(each, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


class _NoView:
    def tick(self, now: float) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def _view(
    arguments: argparse.Namespace,
    request: Request,
    shape: str,
    folding: Folding,
    console: Console | None,
) -> LiveView:
    if arguments.is_quiet or request.has_terminal:
        return _NoView()
    is_terminal = sys.stderr.isatty() and shape != "github"
    columns = terminal_columns() if console is None else console.columns
    return live(folding, sys.stderr, is_terminal=is_terminal, is_coloured=True, width=columns)


def _printer(shape: str) -> Callable[[Event], None] | None:
    if shape != "ndjson":
        return None
    from handrail.reporters.ndjson import line

    return lambda event: print(line(event), end="", flush=True)
