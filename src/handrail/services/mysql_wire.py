"""SQL for MariaDB without a client library: enough to fill a template and to empty tables.

Source: https://mariadb.com/kb/en/clientserver-protocol/ (accounts without a password only)
"""

import socket
import struct
from types import TracebackType
from typing import Self

from handrail.model.services import Address

Row = tuple[str | None, ...]

_CAPABILITIES = (
    0x1  # long passwords: everybody's
    | 0x8  # connect with a database
    | 0x200  # protocol 4.1
    | 0x8000  # secure connection
    | 0x10000  # several statements in one query
    | 0x20000  # several results of one query
    | 0x80000  # plug-ins for authentication
)
_UTF8MB4 = 45
_MORE_RESULTS = 0x8
_QUERY = b"\x03"
_QUIT = b"\x01"


class SqlError(Exception):
    """The server refused a statement; its own words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        """As in the server's list of errors: 1205 for a lock that it waited for in vain."""


class Connection:
    """One session. Close it."""

    def __init__(
        self, address: Address, *, user: str, database: str = "", timeout_s: float = 60.0
    ) -> None:
        if address.path:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(timeout_s)
            self._socket.connect(address.path)
        else:
            self._socket = socket.create_connection((address.host, address.port), timeout_s)
        self._unread = b""
        self._number = 0
        try:
            self._log_in(user, database)
        except BaseException:
            self._socket.close()
            raise

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
        """Run one statement or several; all rows, as text. Raises: SqlError, OSError."""
        self._number = 0
        self._send(_QUERY + sql.encode())
        rows: list[Row] = []
        is_last = False
        while not is_last:
            is_last = self._take_result(rows)
        return rows

    def close(self) -> None:
        """Say goodbye."""
        try:
            self._number = 0
            self._send(_QUIT)
        except OSError:
            pass
        finally:
            self._socket.close()

    def _log_in(self, user: str, database: str) -> None:
        self._receive()  # its greeting; without a password nothing in it matters
        capabilities = _CAPABILITIES if database else _CAPABILITIES & ~0x8
        self._send(
            struct.pack("<IIB23x", capabilities, 1 << 24, _UTF8MB4)
            + user.encode()
            + b"\0\0"
            + (database.encode() + b"\0" if database else b"")
            + b"mysql_native_password\0"
        )
        answer = self._receive()
        if answer[:1] == b"\xfe":  # it would rather have another kind of password: still none
            self._send(b"")
            self._receive()

    def _take_result(self, rows: list[Row]) -> bool:
        """Read one result, add its rows; whether it was the last."""
        head = self._receive()
        if head[:1] == b"\0":
            _, at = _number(head, 1)
            _, at = _number(head, at)
            return not struct.unpack_from("<H", head, at)[0] & _MORE_RESULTS
        while not _is_end(self._receive()):
            pass  # descriptions of columns
        while not _is_end(packet := self._receive()):
            rows.append(_row(packet))
        return not struct.unpack_from("<H", packet, 3)[0] & _MORE_RESULTS

    def _send(self, payload: bytes) -> None:
        self._socket.sendall(len(payload).to_bytes(3, "little") + bytes([self._number]) + payload)

    def _receive(self) -> bytes:
        """One packet; an error packet is raised."""
        head = self._read(4)
        self._number = (head[3] + 1) % 256
        payload = self._read(int.from_bytes(head[:3], "little"))
        if payload[:1] == b"\xff":
            message = payload[9 if payload[3:4] == b"#" else 3 :].decode("utf-8", "replace")
            raise SqlError(int.from_bytes(payload[1:3], "little"), message)
        return payload

    def _read(self, size: int) -> bytes:
        while len(self._unread) < size:
            more = self._socket.recv(1 << 16)
            if not more:
                raise ConnectionResetError("the server hung up")
            self._unread += more
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken


def _is_end(packet: bytes) -> bool:
    return packet[:1] == b"\xfe" and len(packet) < 9


_SIZES = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def _number(packet: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where the next thing begins."""
    size = _SIZES.get(packet[at], 0)
    if not size:
        return packet[at], at + 1
    return int.from_bytes(packet[at + 1 : at + 1 + size], "little"), at + 1 + size


def _row(packet: bytes) -> Row:
    at = 0
    row: list[str | None] = []
    while at < len(packet):
        if packet[at] == 0xFB:
            row.append(None)
            at += 1
            continue
        size, at = _number(packet, at)
        row.append(packet[at : at + size].decode("utf-8", "replace"))
        at += size
    return tuple(row)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return "`" + name.replace("`", "``") + "`"
