"""Services that a test starts itself, to end them as it likes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """A service that is announced."""

    address: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """As a machine that loses its power: nothing is withdrawn."""
        self.process.kill()
        self.process.wait()

    def leave(self) -> None:
        """As it should be: withdrawn, then ended."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def freeze(self) -> None:
        """It is there and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def started(kind: str, redis_url: str, *, ttl_s: float = 1.5) -> Iterator[Started]:
    """One more of a kind, once it is announced."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", f"voice_agent.{kind}", "--address", address],
        env={**os.environ, "VOICE_AGENT_REDIS_URL": redis_url, "VOICE_AGENT_TTL_S": str(ttl_s)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line == f"{kind} is announced at {address}\n", f"it said {line!r}"
        yield Started(address, process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def gateway(redis_url: str, *, ttl_s: float = 0.3) -> Iterator[str]:
    """A gateway of the test's own: its URL. It answers as soon as it has the socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "voice_agent.gateway", "--fd", str(listener.fileno())],
            env={**os.environ, "VOICE_AGENT_REDIS_URL": redis_url, "VOICE_AGENT_TTL_S": str(ttl_s)},
            pass_fds=[listener.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.kill()
            process.wait()
