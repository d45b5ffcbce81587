"""Statements for Postgres, in as much of its protocol as creating databases needs.

No driver is imported for it, which would take longer than the whole start of a server. Tests use
the driver that they like.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import socket
from types import TracebackType
from typing import Protocol, Self

from handrail.model.services import Address

Row = tuple[str | None, ...]
_VERSION_3 = (3 << 16).to_bytes(4, "big")


class PostgresError(Exception):
    """The server refused a statement."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields.get("M", "unknown error"))
        self.code = fields.get("C", "")
        """SQLSTATE."""
        self.is_fatal = fields.get("V") in {"FATAL", "PANIC"}
        """Whether the server hangs up after it."""
        self.detail = " ".join(fields[each] for each in ("D", "H") if each in fields)


class Session(Protocol):
    """A session of Postgres: the one below, or that of a driver."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def execute(self, sql: str) -> list[Row]:
        """Run one statement or several; all rows, as text. Raises: PostgresError."""
        ...

    def begin(self, sql: str) -> None:
        """Send it; ``finish`` waits for it."""
        ...

    def finish(self) -> list[Row]:
        """Wait for all that was sent; the rows. Raises: PostgresError."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class Connection:
    """One session, which the server trusts (no password). Statements are sent as text."""

    def __init__(
        self,
        address: Address,
        *,
        database: str = "postgres",
        user: str = "postgres",
        timeout_s: float = 60.0,
    ) -> None:
        if address.path:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(timeout_s)
            self._socket.connect(address.path)
        else:
            self._socket = socket.create_connection((address.host, address.port), timeout_s)
        self._unread = b""
        self._pending = 1
        names = f"user\0{user}\0database\0{database}\0\0".encode()
        self._socket.sendall((8 + len(names)).to_bytes(4, "big") + _VERSION_3 + names)
        self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def execute(self, sql: str) -> list[Row]:
        """Run one statement, or several separated by semicolons; all rows, as text.

        Raises: PostgresError.
        """
        self.begin(sql)
        return self.finish()

    def begin(self, sql: str) -> None:
        """Send it, and wait for nothing. Several may be under way; they are run one by one."""
        body = sql.encode() + b"\0"
        self._socket.sendall(b"Q" + (4 + len(body)).to_bytes(4, "big") + body)
        self._pending += 1

    def finish(self) -> list[Row]:
        """Wait for all that was sent; the rows of all. Raises: PostgresError, the first one."""
        rows: list[Row] = []
        errors: list[PostgresError] = []
        while self._pending:
            self._pending -= 1
            try:
                rows += self._until_ready()
            except PostgresError as error:
                errors.append(error)
                if error.is_fatal:
                    break
        if errors:
            raise errors[0]
        return rows

    def close(self) -> None:
        """Hang up."""
        try:
            self._socket.sendall(b"X\0\0\0\x04")
        except OSError:
            pass
        finally:
            self._socket.close()

    def _until_ready(self) -> list[Row]:
        rows: list[Row] = []
        error: PostgresError | None = None
        while True:
            kind, body = self._message()
            match kind:
                case b"Z":
                    if error is not None:
                        raise error
                    return rows
                case b"D":
                    rows.append(_row(body))
                case b"E":
                    error = error or PostgresError(_fields(body))
                    if error.is_fatal:
                        raise error
                case b"R" if body[:4] != b"\0\0\0\0":
                    raise PostgresError({"M": "a password is asked for", "C": "28000"})

    def _message(self) -> tuple[bytes, bytes]:
        header = self._take(5)
        return header[:1], self._take(int.from_bytes(header[1:], "big") - 4)

    def _take(self, count: int) -> bytes:
        while len(self._unread) < count:
            more = self._socket.recv(1 << 16)
            if not more:
                raise ConnectionResetError("Postgres hung up")
            self._unread += more
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken


def _row(body: bytes) -> Row:
    values: list[str | None] = []
    place = 2
    for _ in range(int.from_bytes(body[:2], "big")):
        length = int.from_bytes(body[place : place + 4], "big", signed=True)
        place += 4
        if length < 0:
            values.append(None)
        else:
            values.append(body[place : place + length].decode("utf-8", "replace"))
            place += length
    return tuple(values)


def _fields(body: bytes) -> dict[str, str]:
    parts = body.decode("utf-8", "replace").split("\0")
    return {part[0]: part[1:] for part in parts if part}


def quoted(name: str) -> str:
    """As an identifier."""
    return '"' + name.replace('"', '""') + '"'
