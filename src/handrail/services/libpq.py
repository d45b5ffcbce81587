"""Statements for a Postgres that somebody else runs: by libpq, which knows every way to log in."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from handrail.services.handles import need
from handrail.services.postgres_wire import PostgresError, Row
from handrail.services.urls import UnreachableError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult


class LibpqConnection:
    """As ``postgres_wire.Connection``, of psycopg's libpq: passwords, TLS, ``~/.pgpass``.

    Raises: MissingClientError, UnreachableError.
    """

    def __init__(self, service: str, url: str) -> None:
        self._pq = need("psycopg.pq", "postgres", f"{service} at a URL")
        self._is_pending = False
        self._rows: list[Row] = []
        self._errors: list[PostgresError] = []
        self._connection: PGconn = self._pq.PGconn.connect(url.encode())
        if self._connection.status != self._pq.ConnStatus.OK:
            why = self._connection.error_message.decode("utf-8", "replace")
            self._connection.finish()
            raise UnreachableError(service, url, why)

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
        """Send it, and wait for nothing but what was sent before."""
        self._take_in()
        self._connection.send_query(sql.encode())
        self._is_pending = True

    def finish(self) -> list[Row]:
        """Wait for all that was sent; the rows of all. Raises: PostgresError, the first one."""
        self._take_in()
        rows, errors, self._rows, self._errors = self._rows, self._errors, [], []
        if errors:
            raise errors[0]
        return rows

    def close(self) -> None:
        """Hang up."""
        self._connection.finish()

    def _take_in(self) -> None:
        while self._is_pending:
            result = self._connection.get_result()
            if result is None:
                self._is_pending = False
            elif result.status == self._pq.ExecStatus.FATAL_ERROR:
                self._errors.append(self._error(result))
            else:
                self._rows += _rows(result)

    def _error(self, result: "PGresult") -> PostgresError:
        fields = self._pq.DiagnosticField
        named = {
            "M": fields.MESSAGE_PRIMARY,
            "C": fields.SQLSTATE,
            "V": fields.SEVERITY,
            "D": fields.MESSAGE_DETAIL,
            "H": fields.MESSAGE_HINT,
        }
        found = {letter: result.error_field(field) for letter, field in named.items()}
        return PostgresError(
            {letter: text.decode("utf-8", "replace") for letter, text in found.items() if text}
        )


def _rows(result: "PGresult") -> list[Row]:
    return [
        tuple(
            None
            if (value := result.get_value(row, column)) is None
            else value.decode("utf-8", "replace")
            for column in range(result.nfields)
        )
        for row in range(result.ntuples)
    ]
