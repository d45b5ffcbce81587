"""What a user of each service does first: put a value there, and look what is there."""

import itertools
import json
import socket
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
import redis

from handrail.model.services import Address
from handrail.services import mysql_wire


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


class _MariaDb:
    def _connect(self, url: str) -> mysql_wire.Connection:
        parts = urlsplit(url)
        address = Address(host=parts.hostname or "", port=parts.port or 0)
        return mysql_wire.Connection(
            address, user=parts.username or "", database=parts.path.lstrip("/")
        )

    def put(self, url: str, value: str) -> None:
        with self._connect(url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (value TEXT)")
            connection.execute(f"INSERT INTO kept VALUES ('{value}')")

    def values(self, url: str) -> set[str]:
        with self._connect(url) as connection:
            if not connection.execute("SHOW TABLES LIKE 'kept'"):
                return set()
            return {value or "" for (value,) in connection.execute("SELECT value FROM kept")}


class _Nats:
    """Streams of JetStream, by its API.

    Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
    """

    def _ask(self, url: str, subject: str, question: Mapping[str, object]) -> dict[str, Any]:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), 10) as connection:
            file = connection.makefile("rb")
            assert file.readline().startswith(b"INFO ")
            payload = json.dumps(question).encode()
            connection.sendall(
                b'CONNECT {"verbose":false}\r\nSUB answer 1\r\n'
                + f"PUB $JS.API.{subject} answer {len(payload)}\r\n".encode()
                + payload
                + b"\r\n"
            )
            while not (line := file.readline()).startswith(b"MSG "):
                assert line.startswith((b"PING", b"INFO", b"+OK")), line
            answer: dict[str, Any] = json.loads(file.read(int(line.split()[-1])))
            assert "error" not in answer, answer
            return answer

    def put(self, url: str, value: str) -> None:
        self._ask(url, f"STREAM.CREATE.{value}", {"name": value, "subjects": [f"{value}.>"]})

    def values(self, url: str) -> set[str]:
        return set(self._ask(url, "STREAM.NAMES", {})["streams"] or ())


class _S3:
    def _client(self, url: str) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def put(self, url: str, value: str) -> None:
        self._client(url).create_bucket(Bucket=f"{value}-bucket")

    def values(self, url: str) -> set[str]:
        found = self._client(url).list_buckets()["Buckets"]
        return {each["Name"].removesuffix("-bucket") for each in found}


class _Mqtt:
    """Retained messages, by topic.

    Source: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
    """

    _numbers = itertools.count()

    def _connect(self, url: str) -> socket.socket:
        parts = urlsplit(url)
        connection = socket.create_connection((parts.hostname, parts.port), 10)
        name = f"client{next(self._numbers)}".encode()
        body = b"\0\x04MQTT\x04\x02\0\x3c\0" + bytes([len(name)]) + name
        connection.sendall(b"\x10" + bytes([len(body)]) + body)
        assert connection.recv(4) == b"\x20\x02\0\0"
        return connection

    def put(self, url: str, value: str) -> None:
        body = b"\0" + bytes([len(value)]) + value.encode() + b"\0\x01" + b"1"
        with self._connect(url) as connection:
            connection.sendall(b"\x33" + bytes([len(body)]) + body)  # acknowledged, retained
            assert connection.recv(4) == b"\x40\x02\0\x01"

    def values(self, url: str) -> set[str]:
        found = set()
        with self._connect(url) as connection:
            file = connection.makefile("rb")
            connection.sendall(b"\x82\x06\0\x01\0\x01#\0" + b"\xc0\0")  # subscribe, then ping
            while (kind := file.read(1)[0]) != 0xD0:
                body = file.read(file.read(1)[0])
                if kind >> 4 == 3:
                    found.add(body[2 : 2 + body[1]].decode())
        return found


class _Kafka:
    """Topics, made by whoever writes to them."""

    def put(self, url: str, value: str) -> None:
        from confluent_kafka import Producer

        errors = []
        producer = Producer({"bootstrap.servers": url})
        producer.produce(value, b"1", on_delivery=lambda error, _: errors.append(error))
        assert producer.flush(10) == 0
        assert errors == [None]

    def values(self, url: str) -> set[str]:
        from confluent_kafka.admin import AdminClient

        return set(AdminClient({"bootstrap.servers": url}).list_topics(timeout=10).topics)


CLIENTS: Mapping[str, Client] = {
    "kafka": _Kafka(),
    "mariadb": _MariaDb(),
    "mqtt": _Mqtt(),
    "nats": _Nats(),
    "postgres": _Postgres(),
    "redis": _Redis(),
    "s3": _S3(),
    "valkey": _Redis(),
}
