"""Which hosts an environment variable points at. Of its value, nothing but the hosts gets out."""

import re

_NEXT_URL = re.compile(r"[,\s]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.:-]*:)?//([^/?#;\s]*)(.*)", re.DOTALL)
_PAIR = re.compile(
    r"""(?:^|[\s?&;])(?:host|hostaddr|server|data source)\s*=\s*('[^']*'|"[^"]*"|[^&;\s]*)""",
    re.IGNORECASE,
)
_WITH_PROTOCOL = re.compile(r"\w+\(([^()]*)\).*", re.DOTALL)
_HOST = re.compile(
    r"\[([0-9A-Fa-f:.%]+)\](?::\d*)?|([\w.%-]+)(?::\d*)?|((?:[0-9A-Fa-f.]*:){2,}[0-9A-Fa-f.]*)"
)


class UnreadableHostsError(ValueError):
    """The value may name a host, but it is not clear where. The value is not in the message."""


def hosts_in(value: str) -> list[str]:
    """Every host that URLs, a connection string, or a bare address name, in lower case.

    Local sockets and files name none.
    Raises: UnreadableHostsError rather than guess: a wrong guess might print a password.
    """
    hosts: list[str] = []
    for part in _NEXT_URL.split(value.strip()):
        for address in _addresses(part):
            hosts += _hosts(address)
    return hosts


def _addresses(value: str) -> list[str]:
    pairs = [match[1].strip("'\"") for match in _PAIR.finditer(value)]
    if url := _URL.fullmatch(value):
        authority, rest = url.groups()
        if "@" in rest or "://" in rest:  # a password that holds a slash? nobody can tell
            raise UnreadableHostsError
        return [authority.rpartition("@")[2], *pairs]
    if "=" in value:
        if "://" in value or ("@" in value and not pairs):
            raise UnreadableHostsError
        return pairs
    account, _, address = value.rpartition("@")
    if "/" in account:
        raise UnreadableHostsError
    return [address]


def _hosts(address: str) -> list[str]:
    """The hosts of ``a:1,b:2``, ``[::1]:80``, ``tcp(a:3306)/name``, ``a/path``."""
    if inner := _WITH_PROTOCOL.fullmatch(address):
        address = inner[1]
    if address == ":memory:" or address.startswith(("/", ".", "%2F", "%2f")):  # a file, a socket
        return []
    parts = [part.strip() for part in address.partition("/")[0].split(",")]
    return [_host(part) for part in parts if part]


def _host(address: str) -> str:
    found = _HOST.fullmatch(address)
    if found is None:
        raise UnreadableHostsError
    return next(group for group in found.groups() if group).rstrip(".").lower()
