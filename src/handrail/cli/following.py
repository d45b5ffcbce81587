"""Follow a run to its verdict and publish what it told. Imported while the session starts."""

import argparse
import os
import signal
import sys
import time
from contextlib import nullcontext, suppress
from types import FrameType
from typing import Any

from handrail.app.remembering import is_rest, lessons_of, remember, usual_run_s
from handrail.app.reporting import conclude
from handrail.app.running import Follower, start_event
from handrail.cli.publishing import end_of, publish
from handrail.cli.request import Request
from handrail.cli.state_writer import StateWriter
from handrail.cli.views import NoView, printer, view
from handrail.core.folding import Folding
from handrail.core.ordering import with_seed
from handrail.errors import ExitCode, StateError
from handrail.execution.child import Session
from handrail.execution.console import STOPPING, Console
from handrail.execution.keeper import Keeper
from handrail.model.events import Note
from handrail.model.surroundings import format_for
from handrail.reporters.live import LiveView
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
    keeper: Keeper,
    console: Console | None,
) -> ExitCode:
    """Follow a session to its end, judge it, publish what it told; return the exit code.

    ``console``: who watches, if the run has a supervisor of its own.
    """
    shape = format_for(arguments.format, wiring.environ)
    folding = Folding()
    writer = StateWriter(folder, folding, facts)
    note = _teach(session, wiring)
    tiers = request.named or tuple(tier.name for tier in request.plan.chosen)
    env, given = environment_of(wiring), arguments.given
    if (seed := request.spec.seed) is not None:
        env["seed"], given = str(seed), with_seed(given, seed)
    lock = _lock(wiring, folder, facts["began_at"])
    with EventLog(folder.events) as log, lock if isinstance(lock, Held) else nullcontext():
        with _view(arguments, request, shape, folding, console) as shown:
            follower = Follower(
                session=session,
                spec=request.spec,
                folding=folding,
                log=log,
                views=(shown, writer),
                on_event=printer(shape),
                root=str(wiring.root),
                is_listing=request.is_listing,
                printed=lambda: end_of(folder.pytest_log),
            )
            _heed_signals(follower)
            follower.tell(
                start_event(
                    request.spec,
                    at=facts["began_at"],
                    tiers=tiers,
                    selection=request.selection,
                    budget_s=request.budget_s,
                    env=env,
                    arguments=given,
                    folder=os.path.relpath(wiring.folder, wiring.root),
                    rerun_of=arguments.rerun_of,
                    fail_on=arguments.fail_on,
                    quarantine=wiring.quarantine,
                    usual_s=None
                    if is_rest(request.spec)
                    else usual_run_s(wiring.history, tiers, request.selection, request.spec),
                )
            )
            writer.write(facts["began_at"])
            notes = (
                note,
                _note(wiring.state.note),
                _mixed(request),
                _crowded(request),
                _company(lock),
                _by_count(request),
            )
            for each in filter(None, notes):
                follower.tell(each)
            if request.changing is not None:
                request.changing.tell(follower)
            follower.follow()
            if request.changing is not None:
                request.changing.keep(follower, folder, folding.record())
            if request.spec.profile:
                from handrail.cli.profiling import tell

                tell(follower, folder, wiring)
        report = conclude(
            folding, log, wiring.history, allow_empty=arguments.allow_empty or request.is_listing
        )
        session.close()
        kept = remember(report, wiring.history, env, is_rest=is_rest(request.spec))
        problems = [each for each in (kept, log.problem) if each]
    publish(arguments, wiring, report, folder, writer, problems)
    keeper.release()
    return report.judgement.exit_code


def _teach(session: Session, wiring: Wiring) -> Note | None:
    """Hand history to the session, and keep nothing of it: that may be a lot."""
    lessons, note = lessons_of(wiring.history)
    session.teach(lessons)
    return note


def _lock(wiring: Wiring, folder: RunFolder, began_at: float) -> Held | Busy | None:
    """The lock of this work tree, or who holds it; None where there are no locks."""
    try:
        return RunLock(wiring.state.folder.lock).acquire(run_id=folder.run_id, at=began_at)
    except StateError:
        return None


def _crowded(request: Request) -> Note | None:
    workers, wanted = request.spec.workers, request.wanted_workers
    if workers == wanted:
        return None
    text = (
        f"{workers} of {wanted} workers: there is no memory for the services of more; "
        f"-n {wanted} uses all of them"
    )
    return Note(at=time.time(), text=text, code="memory", is_warning=True)


def _by_count(request: Request) -> Note | None:
    if request.spec.shard is None or request.spec.shared_s:
        return None
    text = (
        "no recorded times: every test counts the same in the shards; to have them equal by time: "
        "handrail report --format durations -o .handrail-durations.json"
    )
    return Note(at=time.time(), text=text, code="shards")


def _company(lock: Held | Busy | None) -> Note | None:
    if not isinstance(lock, Busy):
        return None
    text = f"run {lock.run_id} is under way in this work tree too: durations say little, and tests may meet"
    return Note(at=time.time(), text=text, code="two-runs", is_warning=True)


def environment_of(wiring: Wiring) -> dict[str, str]:
    """What the results of a run depend on."""
    from handrail.runs import checkout

    commit = checkout.commit(wiring.root)
    env = {
        "python": sys.version.split()[0],
        "pytest": _version_of_pytest(),
        "platform": sys.platform,
        "machine": os.uname().nodename,
    }
    if commit:
        with checkout.DirtyCheck(wiring.root, timeout_s=1.0) as check:
            is_dirty, changes = check.result(), check.changes()
        env |= {"commit": commit, "dirty": {True: "yes", False: "no", None: ""}[is_dirty]}
        env |= {"changes": changes} if changes else {}
    return env


def _version_of_pytest() -> str:
    """By the name of the folder that its installer left; asking ``importlib.metadata`` takes 3 MiB."""
    for folder in sys.path:
        with suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.startswith("pytest-") and name.endswith(".dist-info"):
                    return name.removeprefix("pytest-").removesuffix(".dist-info")
    from importlib import metadata

    return metadata.version("pytest")


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


def _view(
    arguments: argparse.Namespace,
    request: Request,
    shape: str,
    folding: Folding,
    console: Console | None,
) -> LiveView:
    if request.has_terminal:
        return NoView()
    return view(arguments, shape, folding, sys.stderr, console)
