"""Running a command at a terminal of its own, whose other end is read and forgotten."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping

from commands import Command, Finished, Project

ROWS, COLUMNS = 24, 100


def run(
    command: Command, project: Project, *, variables: Mapping[str, str], limit_s: float = 900
) -> Finished:
    """Like ``commands.run``, at a terminal."""
    master, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    try:
        started = time.perf_counter()
        child = subprocess.Popen(
            command.words,
            cwd=project.folder,
            env={**project.environment.variables(), "TERM": "xterm-256color", **variables},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        output, is_late = _read_to_end(master, limit_s)
        if is_late:
            os.killpg(child.pid, signal.SIGKILL)
        exit_code = child.wait()
        wall_s = time.perf_counter() - started
    finally:
        os.close(master)
    code = None if is_late else exit_code
    return Finished(wall_s=wall_s, exit_code=code, output=output.decode(errors="replace"))


def _read_to_end(master: int, limit_s: float) -> tuple[bytes, bool]:
    """What is written to it until nobody holds its other end, and whether that takes too long."""
    output = b""
    ends_at = time.monotonic() + limit_s
    while (left_s := ends_at - time.monotonic()) > 0:
        if select.select([master], [], [], left_s)[0]:
            try:
                output += os.read(master, 1 << 16)
            except OSError:  # nobody holds the other end
                return output, False
    return output, True
