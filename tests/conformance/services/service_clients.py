"""What a user of each service does first: put a value there, and look what is there."""

from collections.abc import Mapping
from typing import Protocol

import psycopg
import redis


class Client(Protocol):
    """Talks to the service at ``url`` on fresh connections."""

    def put(self, url: str, value: str) -> None: ...

    def values(self, url: str) -> set[str]: ...


class _Postgres:
    def put(self, url: str, value: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (value text)")
            connection.execute("INSERT INTO kept VALUES (%s)", (value,))

    def values(self, url: str) -> set[str]:
        with psycopg.connect(url) as connection:
            if connection.execute("SELECT to_regclass('kept')").fetchone() == (None,):
                return set()
            return {value for (value,) in connection.execute("SELECT value FROM kept")}


class _Redis:
    def put(self, url: str, value: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.set(value, "1")

    def values(self, url: str) -> set[str]:
        with redis.Redis.from_url(url, decode_responses=True) as client:
            return set(client.keys())


CLIENTS: Mapping[str, Client] = {"postgres": _Postgres(), "redis": _Redis(), "valkey": _Redis()}
