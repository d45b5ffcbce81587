"""How a server is emptied between tests, by the name of its recipe."""

from collections.abc import Mapping

from handrail.services.fleet import Server
from handrail.services.handles import need
from handrail.services.isolate import mariadb
from handrail.services.isolate.servers import Reset
from handrail.services.resp import command

_PATIENCE_S = 30.0


def _flush(server: Server) -> None:
    """Every key, and scripts too, but no configuration; at a URL, of the database that it names."""
    if server.backend == "url":
        client = need("redis", "redis", f"{server.service} at a URL").Redis.from_url(server.url)
        client.flushdb()
        client.close()
    else:
        command(server.address, "FLUSHALL")


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
