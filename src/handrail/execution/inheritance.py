"""What a process has from whoever started it: told by a caller, taken on by a fork made for it.

A run that was forked from a warm process shall not differ from one that its caller has started.
What a living process can take on, the fork takes on. What it cannot must be the same already.
"""

import os
import resource
import signal
import sys
from binascii import hexlify
from collections.abc import Collection, Mapping
from typing import Any, Self

import handrail
from handrail.execution.prestart import MARK, TOLD

_FIXED = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "HOME", "MALLOC_", "GLIBC_", "OMP_", "OPENBLAS_",
          "MKL_", "COV_CORE_", "COVERAGE_")  # fmt: skip
"""Variables that begin so are read as Python starts, or by libraries that do not ask Python."""
_OURS = frozenset({MARK, TOLD})
_HEEDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
"""Signals that every supervisor sets anew."""
_PRIVILEGES = ("Uid", "Gid", "Groups", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp")


def inheritance() -> dict[str, Any]:
    """All that a child of this process would have from it, fit for JSON."""
    umask = os.umask(0o077)
    os.umask(umask)
    return {
        "environ": {name: value for name, value in os.environ.items() if name not in _OURS},
        "folder": os.getcwd(),
        "umask": umask,
        "limits": {name: resource.getrlimit(number) for name, number in _limits().items()},
        "niceness": os.getpriority(os.PRIO_PROCESS, 0),
        "processors": sorted(os.sched_getaffinity(0)),
        "ignored": sorted(filter(_is_ignored, signal.valid_signals() - _HEEDED)),
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "fixed": _fixed(),
    }


def _limits() -> dict[str, int]:
    return {each: getattr(resource, each) for each in dir(resource) if each.startswith("RLIMIT_")}


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _fixed() -> dict[str, str]:
    """What a process has for life, by what a person calls it."""
    status = dict(line.split(":", 1) for line in _text("/proc/self/status").splitlines())
    folder = "/proc/self/ns"
    spaces = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return {
        "interpreter": f"{sys.executable} {sys.version}",
        "Handrail": os.path.dirname(handrail.__file__),
        "user": " ".join(status.get(each, "").strip() for each in _PRIVILEGES),
        "control group": _text("/proc/self/cgroup"),
        "namespaces": " ".join(os.readlink(f"{folder}/{each}") for each in spaces),
        "root folder": os.readlink("/proc/self/root") if status else "",
    }


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def obstacle(caller: Mapping[str, Any], ours: Mapping[str, Any], read: Collection[str]) -> str:
    """Why a fork of this process cannot pass for the caller's child; empty if it can.

    ``read``: variables that what is imported here has read.
    """
    for name, value in ours["fixed"].items():
        if caller["fixed"].get(name) != value:
            return f"the {name} is another"
    theirs, mine = caller["environ"], ours["environ"]
    names = {each for each in (*theirs, *mine) if each.startswith(_FIXED)} | set(read)
    for name in sorted(names - _OURS):
        if theirs.get(name) != mine.get(name):
            return f"{name} has changed"
    places = theirs.get("PYTHONPATH", "").split(os.pathsep) if theirs.get("PYTHONPATH") else []
    if caller["folder"] != ours["folder"] and not all(map(os.path.isabs, places)):
        return "PYTHONPATH depends on the current folder"
    return ""


def take_on(caller: Mapping[str, Any]) -> None:
    """Become as a child of the caller would be. Raises: OSError, ValueError if that is not allowed."""
    os.chdir(caller["folder"])
    os.umask(caller["umask"])
    for name, number in _limits().items():
        wanted = tuple(caller["limits"][name])
        if resource.getrlimit(number) != wanted:
            resource.setrlimit(number, wanted)
    if os.getpriority(os.PRIO_PROCESS, 0) != caller["niceness"]:
        os.setpriority(os.PRIO_PROCESS, 0, caller["niceness"])
    if sorted(os.sched_getaffinity(0)) != caller["processors"]:
        os.sched_setaffinity(0, caller["processors"])
    for number in signal.valid_signals() - _HEEDED:
        if _is_ignored(number) != (number in caller["ignored"]):
            is_ignored = number in caller["ignored"]
            signal.signal(number, signal.SIG_IGN if is_ignored else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, caller["blocked"])
    for name in os.environ.keys() - caller["environ"].keys() - {MARK}:
        del os.environ[name]
    os.environ.update(caller["environ"])


def mark_anew() -> None:
    """Give this process a mark of its own, also for those who read its environment from outside.

    What others see of it is the memory in which it was started, so the mark is written there.
    Raises: OSError if that cannot be done.
    """
    import ctypes

    find = ctypes.CDLL(None).getenv
    find.restype = ctypes.c_void_p
    token = hexlify(os.urandom(8))
    place = find(MARK.encode())
    if place is not None and len(ctypes.string_at(place)) == len(token):
        ctypes.memmove(place, token, len(token))
    os.environ[MARK] = token.decode()
    with open("/proc/self/environ", "rb") as file:
        if f"{MARK}={token.decode()}".encode() not in file.read().split(b"\0"):
            raise OSError(0, "it cannot be marked")


# What was read.


class Reading:
    """Notes, within its ``with`` block, which variables are read from ``os.environ``: what was made
    of them stays made.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self._kind: Any = type(os.environ)
        self._get = self._kind.__getitem__

    def __enter__(self) -> Self:
        get, names = self._get, self.names

        def noted(environ: Any, name: Any) -> Any:  # noqa: ANN401 - as it is called
            if isinstance(name, str):
                names.add(name)
            return get(environ, name)

        self._kind.__getitem__ = noted
        return self

    def __exit__(self, *exception: object) -> None:
        self._kind.__getitem__ = self._get
