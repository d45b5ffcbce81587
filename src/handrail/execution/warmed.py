"""Inside the warm process: it has imported what sessions need, and forks one for each order.

It never imports the project's own modules and has one thread, so that a session is as good as one
that was started anew. Each order makes two processes: a supervisor, as every run has one, and below
it the session. Nothing is left of either when the run is over.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
from typing import Any

from handrail.execution.console import Console, heed_signals
from handrail.execution.prestart import MARK, TOLD, Child
from handrail.execution.stamps import imported_files, stamps
from handrail.system import processes

LEARNING_S = 120
"""Imports that take longer end the process; sessions then import for themselves."""
_READ_BYTES = 1 << 16
_ENDS = (".py", "/__init__.py")


def is_own(file: str, root: str) -> bool:
    """Whether a module's file belongs to the project in ``root``, and not to an environment in it."""
    if not file.startswith(root + os.sep):
        return False
    inner = [each for each in (sys.prefix, sys.base_prefix) if each.startswith(root + os.sep)]
    parts = file.removeprefix(root).split(os.sep)
    is_installed = "site-packages" in parts or "dist-packages" in parts
    return not is_installed and not any(file.startswith(each + os.sep) for each in inner)


class Orders:
    """The socket's end here: lines of JSON, some with descriptors."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._buffer = b""
        self._descriptors: list[int] = []

    def next(self) -> tuple[dict[str, Any], list[int]] | None:
        """The next order and its descriptors; None if nobody gives any more."""
        while b"\n" not in self._buffer:
            chunk, found, _, _ = socket.recv_fds(self._socket, _READ_BYTES, 8)
            if not chunk:
                return None
            self._buffer += chunk
            for each in found:
                os.set_inheritable(each, False)  # noqa: FBT003 - positional only
            self._descriptors += found
        line, _, self._buffer = self._buffer.partition(b"\n")
        descriptors, self._descriptors = self._descriptors, []
        return json.loads(line), descriptors

    def answer(self, document: dict[str, Any]) -> None:
        """Say what became of an order."""
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(document).encode("ascii") + b"\n")

    def read(self, size: int) -> bytes:
        """What follows the last order."""
        return self._buffer or self._socket.recv(size)

    def close(self) -> None:
        """Let go of it, in a process that takes no orders."""
        self._socket.close()


def serve(descriptor: int) -> str:
    """Take orders until there are none. Returns only in a session, what it calls its pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = Orders(socket.socket(fileno=descriptor))
    supervisors: list[int] = []
    while (found := orders.next()) is not None:
        order, descriptors = found
        reap(supervisors)
        if "import" in order:
            orders.answer(learn(order["import"], order["root"]))
            continue
        pid = os.fork()
        if pid == 0:
            orders.close()
            processes.die_with_parent()
            return supervise(order, *descriptors)
        supervisors.append(pid)
        for each in descriptors:
            os.close(each)
    for pid in supervisors:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in supervisors:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    os._exit(0)


def reap(supervisors: list[int]) -> None:
    """Take those that have ended out of the list."""
    for pid in list(supervisors):
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
        supervisors.remove(pid)


# Learning.


def learn(wanted: list[list[str]], root: str) -> dict[str, Any]:
    """Import these modules (name and file), as far as that can be done; say what is here now.

    A module that is found elsewhere than in its file is left to the sessions: they have another
    ``sys.path``.
    """
    signal.alarm(LEARNING_S)
    before = processes.thread_count()
    files_of: dict[str, str] = dict(wanted)
    for name in files_of:
        if name not in sys.modules and _is_found(name.partition(".")[0], files_of, root):
            with contextlib.suppress(BaseException):
                importlib.import_module(name)
    signal.alarm(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    threads = processes.thread_count()
    places = {each for each in sys.path if os.path.isdir(each) and not is_own(each, root)}
    files = stamps(imported_files() | places)
    problem = ""
    if threads > before:
        problem = f"what the project imports starts {threads - before + 1} threads"
    elif own := sorted(_shadowed(root, set(files_of))):
        problem = f"what the project imports would import {own[0]} of the project"
    return {"files": files, "problem": problem}


def _is_found(top: str, wanted: dict[str, str], root: str) -> bool:
    if top in sys.modules:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None or (spec.origin is not None and is_own(spec.origin, root)):
        return False
    return spec.origin == (wanted.get(top) or spec.origin)


def _shadowed(root: str, wanted: set[str]) -> set[str]:
    """Modules here that are the project's own, or would be in a session, which finds the project first."""
    found = set()
    tops = {each.partition(".")[0] for each in wanted}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        top = name.partition(".")[0]
        if not isinstance(file, str) or top in {"handrail", "__main__"}:
            continue
        if is_own(file, root):
            found.add(name)
        elif top not in tops and top not in sys.stdlib_module_names:
            files = (f"{base}/{top}{end}" for base in (root, f"{root}/src") for end in _ENDS)
            found |= {top for each in files if os.path.isfile(each)}
    return found


# Running.


def supervise(order: dict[str, Any], sink: int, told: int) -> str:
    """Be the supervisor of a run, and exit; or, in its session, return."""
    found = Forked.fork()
    if isinstance(found, str):
        os.close(sink)
        _be_session(order["root"], told)
        return found
    code = 1
    try:
        heed_signals()
        console = Console(
            sink, is_terminal=tuple(order["is_terminal"]), columns=int(order["columns"])
        )
        sys.stdout, sys.stderr = console.out, console.err
        module, _, name = order["body"].partition(":")
        code = getattr(importlib.import_module(module), name)(order, found, console)
        console.finish(code)
    except BaseException:  # noqa: BLE001 - the top of a process
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _be_session(root: str, told: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[TOLD] = str(told)
    importlib.invalidate_caches()
    if is_own(__file__, root):
        for name in [each for each in sys.modules if each.partition(".")[0] == "handrail"]:
            del sys.modules[name]  # the project is Handrail itself: its tests test what was saved
    if "handrail.pytest_plugin" in sys.modules:
        importlib.import_module("handrail.pytest_plugin.telling")


class Forked:
    """A session that was forked, as ``prestart.Started`` wants it."""

    def __init__(self, pid: int, feed: int, events: int, inherited: str) -> None:
        self.process = Child(pid)
        self.feed, self.events, self.inherited = feed, events, inherited
        self.is_taken = False
        self.mark = f"{MARK}={os.environ.get(MARK, '')}".encode()

    @classmethod
    def fork(cls) -> "Forked | str":
        """Fork one; in it, return what it calls its ends."""
        source, feed = os.pipe()
        events, sink = os.pipe()
        pid = os.fork()
        ours, theirs = (feed, events), (source, sink)
        for each in theirs if pid else ours:
            os.close(each)
        inherited = f"{source},{sink}"
        return cls(pid, feed, events, inherited) if pid else inherited

    def discard(self) -> None:
        """Nothing is to be run after all. Safe when a session has taken over."""
        if not self.is_taken:
            self.process.kill()
            self.process.wait()
            os.close(self.feed)
            os.close(self.events)
