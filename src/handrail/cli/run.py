"""The body of ``handrail run``: understand the command line, start a session, follow it.

Runs in a supervisor (``cli.attending``), or in the foreground.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from handrail.cli.joining import announce, find_same, identity, starting
from handrail.cli.request import Request, understand
from handrail.errors import ExitCode, StateError, UsageError
from handrail.execution.console import STOPPING, Console
from handrail.frozen import replace
from handrail.runs import state_file
from handrail.runs.atomic import write_atomically
from handrail.runs.folder import RunFolder
from handrail.runs.reserve import set_aside
from handrail.wiring import Wiring, wire

if TYPE_CHECKING:
    from handrail.execution.prestart import Started


def run(
    arguments: argparse.Namespace, started: "Started | None", console: Console | None = None
) -> ExitCode:
    """Run tests; return the exit code of the verdict.

    ``started``: the session's Python, if it was begun already. ``console``: who watches, if it is
    elsewhere.
    """
    try:
        wiring = wire(arguments.folder)
        request = understand(arguments, wiring)
        if arguments.is_verifying and arguments.changed is None:
            raise UsageError("--verify goes with --changed", hint="handrail run --changed --verify")
        if arguments.changed is not None:
            from handrail.cli.changing import changing, show

            found = changing(arguments, wiring)
            if arguments.dry_run:
                return show(arguments, found)
            request = replace(request, spec=found.narrowed(request.spec), changing=found)
        if not arguments.dry_run:
            return _run(arguments, wiring, request, started, console)
    finally:
        if started is not None:
            started.discard()
    from handrail.cli.policy import tiers

    arguments.is_json = arguments.format == "json"
    return tiers(arguments)


def _run(
    arguments: argparse.Namespace,
    wiring: Wiring,
    request: Request,
    started: "Started | None",
    console: Console | None,
) -> ExitCode:
    facts: dict[str, Any] = {"identity": identity(arguments, wiring), "began_at": time.time()}
    began = time.monotonic()
    with starting(wiring):
        same = find_same(wiring, facts) if console and not arguments.is_new else None
        if same is not None and console is not None:
            console.begun(same.folder, pid=same.pid, is_joined=True)
            return ExitCode.STILL_RUNNING
        # From here on the run can be found, and asked to stop: heard by whoever follows the session.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        folder = wiring.state.folder.create_run(random.Random())
        announce(folder, facts)
        set_aside(folder.path / state_file.NAME)
    if console is not None:
        console.begun(folder.path, pid=os.getpid())
    if request.spec.done:
        with contextlib.suppress(StateError):  # then a rerun of this run runs more than it must
            text = json.dumps(sorted(request.spec.done))
            write_atomically(folder.done, text.encode("ascii"))
    spec = replace(
        request.spec,
        run_id=folder.run_id,
        ends_at=began + request.lasts_s,
        kept_in=str(folder.path.absolute()),
    )
    if arguments.log_tests:
        spec = replace(spec, test_log=str(folder.test_log))
        with contextlib.suppress(OSError):  # workers try again
            folder.test_log.touch()
    if request.changing is not None:
        spec = replace(spec, trace_folder=request.changing.begin(folder))
    if spec.profile:
        from handrail.runs import profiles

        measured = profiles.folder_of(folder)
        spec = replace(spec, profile_folder=str(measured))
        with contextlib.suppress(OSError):  # then there is no profile, and a run all the same
            measured.mkdir()
    # Whoever waits for no more than the id has it: what follows may take its time.
    from handrail.execution.child import Launch, Session
    from handrail.execution.keeper import Keeper
    from handrail.execution.prestart import Prestarted

    has_caller = console is None
    launch = Launch(
        arguments=request.pytest_arguments,
        folder=wiring.folder,
        output=None if request.has_terminal and has_caller else folder.pytest_log,
    )
    session = Session(started or Prestarted(), launch, spec)
    with contextlib.closing(session):
        # Before the session begins: whatever becomes of us from then on, somebody ends it.
        lost = partial(_conclude_lost, wiring, folder, session.events, has_tests=arguments.tests)
        keeper = Keeper(session.mark, lost, kept=session.events)
        session.spare(keeper.pid)
        facts["keeper"] = state_file.owner(keeper.pid)
        announce(folder, facts)
        session.begin()
        from handrail.cli.following import follow  # while the session starts

        request = replace(request, spec=spec)
        return follow(arguments, wiring, request, session, folder, facts, keeper, console)


def _conclude_lost(
    wiring: Wiring, folder: RunFolder, events: int, left: Mapping[int, str], *, has_tests: bool
) -> None:
    """In the keeper, which imports what it needs for that only when it comes to it."""
    from handrail.cli.losing import conclude_lost

    conclude_lost(wiring, folder, events, left, has_tests=has_tests)
