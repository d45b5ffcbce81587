"""How a server is emptied between tests, by the name of its recipe."""

from collections.abc import Mapping

from handrail.services.fleet import Server
from handrail.services.isolate.servers import Reset
from handrail.services.resp import command


def _flush(server: Server) -> None:
    """Every key, and scripts too; but no configuration."""
    command(server.address, "FLUSHALL")


RESETS: Mapping[str, Reset] = {"redis": _flush, "valkey": _flush}
