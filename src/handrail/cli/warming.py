"""``--warm``: a run is forked from the warm process of its work tree, if there is one, and leaves one.

Whatever is wrong with that process: the run begins without it, and says why on one line.
"""

import argparse
import gc
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail.errors import ExitCode, StateError
from handrail.execution.console import Console, terminal_columns
from handrail.execution.inheritance import inheritance
from handrail.execution.prestart import Started, launch_script
from handrail.execution.warm import imported, leave
from handrail.execution.warm_socket import RefusedHereError, ask, lock_path
from handrail.runs.locating import existing, state_folder
from handrail.runs.locking import Held, RunLock

IDLE_S = 1800.0
"""After which a warm process ends by itself."""
PATIENCE_S = 1.0
"""How long a run waits for an answer before it begins by itself."""
_ENDING_S = 5.0
_LOOK_S = 0.02
_OURS = (
    "handrail.cli.following",
    "handrail.cli.run",
    "handrail.cli.warming",
    "handrail.pytest_plugin.session",
    "handrail.reporters.digest",
    "handrail.reporters.human",
    "handrail.reporters.sections",
    "handrail.runs.retention",
    "handrail.store.sqlite_history",
)
"""What supervisors and sessions import of Handrail itself."""
ENDED = "ended the warm process"


# Whoever wants a run.


def fork(arguments: argparse.Namespace) -> int | None:
    """Where the frames of the forked run come from; None if the run must begin without."""
    order = {
        "body": "handrail.cli.warming:supervise",
        "given": arguments.given,
        "caller": inheritance(),
        "is_terminal": [sys.stdout.isatty(), sys.stderr.isatty()],
        "columns": terminal_columns(),
    }
    state = state_folder(existing(arguments.folder), os.environ)
    source, sink = os.pipe()
    try:
        if ask(state, order, [sink], PATIENCE_S):
            return source
    except RefusedHereError as refused:
        say_cold(str(refused))
    except TimeoutError:
        say_cold(f"the warm process did not answer within {PATIENCE_S:g}s")
    except (OSError, ValueError, KeyError, TypeError) as error:
        say_cold(f"the warm process cannot be asked: {error}")
    finally:
        os.close(sink)
    os.close(source)
    return None


def say_cold(why: str) -> None:
    """One line for whoever expected a warm start."""
    with suppress(OSError):
        print(f"note: started cold: {why}", file=sys.stderr, flush=True)


# The supervisor.


def supervise(order: Mapping[str, Any], started: Started, console: Console) -> int:
    """In a fork of the warm process: run what is ordered; return the exit code."""
    from handrail.cli import answered
    from handrail.cli.parser import parse
    from handrail.cli.run import run

    gc.disable()

    def body() -> ExitCode:
        arguments = parse(order["given"])
        arguments.is_forked = True
        return run(arguments, started, console)

    code = answered(lambda: int(body()))
    console.finish(code)
    names = imported(_read(order["told"]), order["root"])
    with suppress(RefusedHereError, OSError, ValueError, KeyError):
        ask(order["state"], {"import": names}, [], PATIENCE_S)
    return code


def leave_warm(arguments: argparse.Namespace, told: int) -> None:
    """After a cold run: leave a warm process that imports what the session ``told``, or teach it to
    the one that is there.
    """
    from handrail.wiring import wire

    text = _read(told)
    if not text:
        return  # no session came so far
    wiring = wire(arguments.folder)
    root, state = str(wiring.root), str(wiring.state.folder.root)
    names = dict.fromkeys(_OURS, "") | imported(text, root)
    held = _lock(state, names)
    if held is None:
        return
    order = {"import": names, "root": root, "state": state, "idle_s": IDLE_S}
    with suppress(OSError):
        leave(launch_script(), order, held.hand_on)
    held.let_go()


def _lock(state: str, names: Mapping[str, str]) -> Held | None:
    """The lock of a new warm process; None if there is one, which is taught these names instead."""
    lock = RunLock(Path(lock_path(state)))
    with suppress(StateError):
        found = lock.acquire(run_id="", at=time.time())
        if isinstance(found, Held):
            return found
        try:
            ask(state, {"import": names}, [], PATIENCE_S)
        except TimeoutError:
            end(state, signal.SIGKILL)  # it is stopped, or hangs
            found = lock.acquire(run_id="", at=time.time())
            return found if isinstance(found, Held) else None
        except (RefusedHereError, OSError, ValueError, KeyError):
            return None
    return None


def _read(told: int) -> bytes:
    return os.pread(told, os.fstat(told).st_size, 0)


# The end.


def end(state: str, number: signal.Signals = signal.SIGTERM) -> bool:
    """End the warm process of a state folder, if there is one; whether there was. Runs go on."""
    lock = RunLock(Path(lock_path(state)))
    ends_at = time.monotonic() + _ENDING_S
    was_there = False
    while (found := lock.holder()) is not None and _is_warm(found.pid):
        was_there = True
        with suppress(ProcessLookupError):
            os.kill(found.pid, number)
        if time.monotonic() > ends_at:
            number = signal.SIGKILL
        time.sleep(_LOOK_S)
    return was_there


def _is_warm(pid: int) -> bool:
    """Whether it is one of ours: who holds the lock may live in a container, where pids are others."""
    try:
        is_ours = os.stat(f"/proc/{pid}").st_uid == os.getuid()
        return is_ours and b"--lasting" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
