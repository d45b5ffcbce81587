"""``handrail run``: understand the command line and start a session at once; then follow it."""

import argparse
import contextlib
import gc
import random
import time
from dataclasses import replace

from handrail.cli.request import Request, understand
from handrail.errors import ExitCode
from handrail.execution.child import Launch, Session
from handrail.execution.prestart import Prestarted
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring, wire


def run(arguments: argparse.Namespace) -> ExitCode:
    """Run tests; return the exit code of the verdict."""
    # Everything a run tells is kept to its end: there is no garbage worth looking for meanwhile.
    gc.disable()
    started: Prestarted = arguments.prestarted
    try:
        wiring = wire(arguments.folder)
        request = understand(arguments, wiring)
        if not arguments.dry_run:
            return _run(arguments, wiring, request, started)
    finally:
        started.discard()
    from handrail.cli.policy import tiers

    arguments.is_json = arguments.format == "json"
    return tiers(arguments)


def _run(
    arguments: argparse.Namespace, wiring: Wiring, request: Request, started: Prestarted
) -> ExitCode:
    prepared = wiring.state
    folder = prepared.folder.create_run(random.Random())
    began_at, began = time.time(), time.monotonic()
    ends_at = began + request.budget_s if request.budget_s is not None else None
    spec = replace(request.spec, run_id=folder.run_id, ends_at=ends_at)
    session = Session(started, _launch(wiring, request, folder), spec)
    with contextlib.closing(session):
        session.begin()
        from handrail.cli.following import follow  # while the session starts

        return follow(arguments, wiring, replace(request, spec=spec), session, folder, began_at)


def _launch(wiring: Wiring, request: Request, folder: RunFolder) -> Launch:
    return Launch(
        arguments=request.pytest_arguments,
        folder=wiring.folder,
        output=None if request.has_terminal else folder.pytest_log,
    )
