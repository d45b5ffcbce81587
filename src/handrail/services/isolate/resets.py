"""How a server is emptied between tests, by the name of its recipe."""

from collections.abc import Mapping

from handrail.errors import ExitCode, UserError
from handrail.services.fleet import Server
from handrail.services.handles import need
from handrail.services.isolate import mariadb
from handrail.services.isolate.servers import Reset
from handrail.services.resp import RedisError, command

_PATIENCE_S = 30.0


class NotEmptiedError(UserError):
    """What a test has put into a server stays there, for the next one to find."""

    reference = "not-emptied"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, service: str, why: str) -> None:
        super().__init__(
            f"{service} could not be emptied after this test",
            where=why,
            hint="close the connections that the test opened, or allow more: "
            f"connections of [tool.handrail.services.{service}]",
        )


def _flush(server: Server) -> None:
    """Every key, and scripts too, but no configuration; at a URL, of the database that it names."""
    if server.backend == "url":
        client = need("redis", "redis", f"{server.service} at a URL").Redis.from_url(server.url)
        client.flushdb()
        client.close()
    else:
        try:
            command(server.address, "FLUSHALL")
        except (OSError, RedisError) as error:
            raise NotEmptiedError(server.service, str(error)) from error


def _forget(server: Server) -> None:
    """Everything that moto has; what is no server of ours may be real, and is left alone."""
    if server.backend == "url":
        return
    import http.client  # takes longer than a Redis

    connection = http.client.HTTPConnection(
        server.address.host, server.address.port, timeout=_PATIENCE_S
    )
    try:
        connection.request("POST", "/moto-api/reset")
        connection.getresponse().read()
    finally:
        connection.close()


RESETS: Mapping[str, Reset] = {
    "mariadb": mariadb.empty,
    "redis": _flush,
    "s3": _forget,
    "valkey": _flush,
}
