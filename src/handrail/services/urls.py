"""Services that run already, at a URL: what it says, whether anybody is there."""

import socket
from urllib.parse import urlsplit, urlunsplit

from handrail.errors import ExitCode, UserError
from handrail.model.services import Address

_WITHIN_S = 10.0


class UnreachableError(UserError):
    """A service that is said to run already does not answer, or lets nobody in."""

    reference = "service-unreachable"
    exit_code = ExitCode.INFRA_ERROR

    def __init__(self, service: str, url: str, why: str) -> None:
        super().__init__(
            f"{service} does not answer",
            where="\n".join([masked(url), *why.strip().splitlines()]),
            hint=f"start it, or correct tool.handrail.services.{service}.url",
        )


def masked(url: str) -> str:
    """The URL without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))


def without_driver(url: str) -> str:
    """``postgresql+psycopg://`` as every client understands it: ``postgresql://``."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


def address_of(url: str, usual_port: int) -> Address:
    """Where that is; without a host it is this machine, and clients know how to get there."""
    parts = urlsplit(url)
    return Address(host=parts.hostname or "localhost", port=parts.port or usual_port)


def check_reachable(service: str, url: str, usual_port: int) -> None:
    """Connect once, where the URL names a host. Raises: UnreachableError."""
    if not urlsplit(url).hostname:
        return
    address = address_of(url, usual_port)
    try:
        socket.create_connection((address.host, address.port), _WITHIN_S).close()
    except OSError as error:
        raise UnreachableError(service, url, error.strerror or str(error)) from error
