"""Where the warm process of a work tree is found, and what it is asked there. One for each user."""

import json
import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

MOST_BYTES = 100
"""A socket's path must not be longer than 107 bytes; a longer one is reached through ``/proc``."""
GO = b"!"
_ENDED = "the warm process ended"
_READ_BYTES = 1 << 16


class RefusedHereError(Exception):
    """The warm process is of no use for this run; says why, for a person."""


def socket_path(state: str) -> str:
    """The socket of this user's warm process, below a state folder."""
    return os.path.join(state, f"warm-{os.getuid()}.sock")


def lock_path(state: str) -> str:
    """Held by this user's warm process as long as it lives."""
    return os.path.join(state, f"warm-{os.getuid()}.lock")


def listen(path: str) -> socket.socket:
    """A socket that only we can connect to, in place of what is there. Raises: OSError.

    It is put there when it listens already: whoever finds it is not refused.
    """
    beside = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(beside)
    made = socket.socket(socket.AF_UNIX)
    umask = os.umask(0o177)
    try:
        with _short(beside) as short:
            made.bind(short)
        made.listen()
        os.replace(beside, path)
    except OSError:
        made.close()
        raise
    finally:
        os.umask(umask)
    return made


@contextmanager
def _short(path: str) -> Iterator[str]:
    if len(os.fsencode(path)) <= MOST_BYTES:
        yield path
        return
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def user_of(connection: socket.socket) -> int:
    """Who is at the other end, as the kernel says."""
    size = struct.calcsize("3i")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", found)[1])


def ask(state: str, order: Mapping[str, Any], descriptors: list[int], patience_s: float) -> bool:
    """Give an order; whether it is obeyed. False if there is no warm process.

    Raises: RefusedHereError, TimeoutError if there is no answer in time, OSError. It is then not
    obeyed later either, however late the order is read.
    """
    ends_at = time.monotonic() + patience_s
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(patience_s)
        try:
            with _short(socket_path(state)) as short:
                connection.connect(short)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        if user_of(connection) != os.getuid():
            raise RefusedHereError("the warm process is another user's")
        line = json.dumps(order).encode("ascii") + b"\n"
        sent = socket.send_fds(connection, [line], descriptors)
        if sent < len(line):
            connection.sendall(line[sent:])
        answer = _answer(connection, ends_at)
        if answer["why"]:
            raise RefusedHereError(answer["why"])
        connection.sendall(GO)
        return True
    except (BrokenPipeError, ConnectionResetError):
        raise RefusedHereError(_ENDED) from None
    finally:
        connection.close()


def _answer(connection: socket.socket, ends_at: float) -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        connection.settimeout(max(0.001, ends_at - time.monotonic()))
        chunk = connection.recv(_READ_BYTES)
        if not chunk:
            raise RefusedHereError(_ENDED)
        line += chunk
    found: dict[str, Any] = json.loads(line)
    return found
