"""Make this process's life harder: neighbours that use the processors, files and sockets that are slow."""

import builtins
import contextlib
import io
import os
import socket
import time
from collections.abc import Callable
from functools import wraps
from random import Random
from typing import Any

from handrail.system import processes

_FILES = ("open", "read", "write", "fsync", "stat", "listdir", "rename", "replace", "unlink")
_SOCKETS = ("connect", "accept", "send", "sendall", "recv", "recv_into")


def burn(count: int) -> None:
    """Fork so many processes that compute for nothing. They end with this one, whose group they are in."""
    for _ in range(count):
        if os.fork() == 0:
            with contextlib.suppress(BaseException):
                processes.die_with_parent()
                while True:
                    sum(range(10_000))
            os._exit(0)


def slow_down(most_s: float, *, seed: int) -> None:
    """Have functions for files and sockets take up to ``most_s`` more. For the life of this process."""
    if most_s <= 0:
        return
    random = Random(seed)

    def slowed(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wait_and_call(*arguments: Any, **named: Any) -> Any:
            time_asleep(random.random() ** 3 * most_s)  # mostly short, now and then long
            return function(*arguments, **named)

        return wait_and_call

    time_asleep = time.sleep
    builtins.open = io.open = slowed(open)
    for name in _FILES:
        setattr(os, name, slowed(getattr(os, name)))
    for name in _SOCKETS:
        setattr(socket.socket, name, slowed(getattr(socket.socket, name)))
