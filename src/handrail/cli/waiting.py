"""``handrail status``, ``wait`` and ``stop``: what agents and people do with a run that goes on."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from handrail.cli.standing import Standing, standing_of
from handrail.errors import ExitCode, UsageError
from handrail.runs.locating import existing, run_folder, run_ids, state_folder
from handrail.runs.state_file import is_alive

LOOK_S = 0.05
"""Between two looks at a small file."""
HEARTBEAT_S = 7.0
"""Some harnesses stop a command that is silent for ten seconds."""
STOP_S = 30.0
"""How long a supervisor may take to stop its run before it is killed."""


def status(arguments: argparse.Namespace) -> ExitCode:
    """Print where a run stands; 8 as long as it goes on, then the exit code of its verdict."""
    standing = standing_of(arguments.folder, arguments.run)
    return show(standing, is_json=arguments.is_json)


def wait(arguments: argparse.Namespace) -> ExitCode:
    """Wait until a run has come so far; 8 if it has not when the time is up."""
    is_reached = _reached(arguments.until)
    first = standing_of(arguments.folder, arguments.run)
    return follow(first, until=is_reached, timeout_s=arguments.timeout, is_json=arguments.is_json)


def follow(
    first: Standing,
    *,
    until: Callable[[Standing], bool] | None = None,
    timeout_s: float | None,
    is_json: bool,
) -> ExitCode:
    """Wait for the end of a run, or until it has come so far; print where it stands then."""
    ends_at = None if timeout_s is None else time.monotonic() + timeout_s
    beat_at = time.monotonic() + HEARTBEAT_S
    standing = first
    while not (standing.is_over or (until is not None and until(standing))):
        now = time.monotonic()
        if ends_at is not None and now >= ends_at:
            break
        if now >= beat_at:
            beat_at = now + HEARTBEAT_S
            print(standing.line, file=sys.stderr, flush=True)
        time.sleep(LOOK_S)
        standing = Standing(standing.folder)
    return show(standing, is_json=is_json)


def _reached(until: str) -> Callable[[Standing], bool] | None:
    """What ``--until`` asks for; None for the end. Raises: UsageError."""
    if until == "end":
        return None
    if until == "first-failure":
        return lambda standing: standing.failures > 0
    if until.endswith("%") and until[:-1].isdecimal() and 0 < int(until[:-1]) <= 100:
        share = int(until[:-1]) / 100
        return lambda standing: standing.share >= share
    raise UsageError(
        f"cannot wait until {until}", where="--until", hint="end, first-failure, or a share: 50%"
    )


def show(standing: Standing, *, is_json: bool) -> ExitCode:
    """Print where a run stands; return the exit code that says the same."""
    text = json.dumps(standing.document) if is_json else standing.text
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
    return standing.exit_code


# Stopping.


def stop(arguments: argparse.Namespace) -> ExitCode:
    """Stop a run, or all that go on; print what became of each."""
    state = state_folder(existing(arguments.folder), os.environ)
    if arguments.is_all:
        folders = [run_folder(state, each) for each in run_ids(state)]
        found = [each for each in map(_standing, folders) if each is not None and not each.is_over]
    else:
        found = [standing_of(arguments.folder, arguments.run)]
    stopped = [_stopped(each) for each in found]
    if arguments.is_json:
        print(json.dumps([each.document for each in stopped]))
    elif not stopped:
        print("no run goes on here")
    for each in [] if arguments.is_json else stopped:
        show(each, is_json=False)
    if arguments.is_all:
        from handrail.cli.warming import ENDED, end

        if end(state):
            print(ENDED, file=sys.stderr if arguments.is_json else sys.stdout)
    return ExitCode.PASSED


def _standing(folder: str) -> Standing | None:
    from handrail.runs.locating import LostStateError

    try:
        return Standing(folder)
    except LostStateError:
        return None


def _stopped(standing: Standing) -> Standing:
    """Ask its supervisor to stop, and see to it that it is gone in the end."""
    ends_at = None
    while not standing.is_over:
        owner = standing.owner
        now = time.monotonic()
        if ends_at is None:
            ends_at = now + STOP_S
            _signal(owner, signal.SIGTERM)
        elif now > ends_at:
            _signal(owner, signal.SIGKILL)  # its keeper ends what it has left
        time.sleep(LOOK_S)
        standing = Standing(standing.folder)
    return standing


def _signal(owner: Mapping[str, object], number: signal.Signals) -> None:
    if is_alive(owner):
        with suppress(ProcessLookupError):
            os.kill(int(str(owner["pid"])), number)
