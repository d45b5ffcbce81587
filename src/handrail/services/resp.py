"""Commands for Redis without a client library: enough to empty a server between tests.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import socket

from handrail.model.services import Address


class RedisError(Exception):
    """The server refused a command."""


def command(address: Address, *words: str, timeout_s: float = 10.0) -> str:
    """Send one command that is answered by one line; return that line. Raises: RedisError, OSError."""
    if address.path:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        connection.connect(address.path)
    else:
        connection = socket.create_connection((address.host, address.port), timeout_s)
    with connection:
        parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        got = b""
        while not got.endswith(b"\r\n"):
            more = connection.recv(4096)
            if not more:
                raise RedisError("the server hung up")
            got += more
    line = got.decode("utf-8", "replace").strip()
    if line.startswith("-"):
        raise RedisError(line[1:])
    return line
