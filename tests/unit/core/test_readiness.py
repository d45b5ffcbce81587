"""What servers answer to the one question that they are asked, and how often it is asked."""

from itertools import islice

import pytest

from handrail.core.readiness import MOST_S, exchange, pauses, shortfall
from handrail.model.services import Probe, Ready

ANSWERS = {
    "http: any answer below 400": (Probe.HTTP, b"HTTP/1.1 204 No Content\r\n\r\n", True),
    "http: a redirect": (Probe.HTTP, b"HTTP/1.1 302 Found\r\n", True),
    "http: not yet": (Probe.HTTP, b"HTTP/1.1 503 Service Unavailable\r\n", False),
    "http: half a line": (Probe.HTTP, b"HTTP/1.1 20", None),
    "http: another protocol": (Probe.HTTP, b"SSH-2.0\r\n", False),
    "postgres: asks for a password": (Probe.POSTGRES, b"R\0\0\0\x08\0\0\0\x0a", True),
    "postgres: is starting up": (Probe.POSTGRES, b"E\0\0\0\x40SFATAL\0C57P03\0", False),
    "postgres: nothing yet": (Probe.POSTGRES, b"", None),
    "redis: answers": (Probe.REDIS, b"+PONG\r\n", True),
    "redis: wants a password": (Probe.REDIS, b"-NOAUTH Authentication required.\r\n", True),
    "redis: loads its data": (Probe.REDIS, b"-LOADING Redis is loading\r\n", False),
    "redis: half a line": (Probe.REDIS, b"+PO", None),
    "mysql: greets": (Probe.MYSQL, b"\x4a\0\0\0\x0a8.0.36\0", True),
    "mysql: refuses": (Probe.MYSQL, b"\x45\0\0\0\xff\x6a\x04", False),
    "mysql: half a packet": (Probe.MYSQL, b"\x4a\0\0", None),
    "nats: introduces itself": (Probe.NATS, b'INFO {"server_id":"N"}\r\n', True),
    "nats: an error": (Probe.NATS, b"-ERR 'maximum connections exceeded'\r\n", False),
    "mqtt: accepts": (Probe.MQTT, b"\x20\x02\0\0", True),
    "mqtt: refuses": (Probe.MQTT, b"\x20\x02\0\x05", False),
    "mqtt: half a packet": (Probe.MQTT, b"\x20\x02", None),
    "tcp: a connection is enough": (Probe.TCP, b"", True),
}


@pytest.mark.parametrize(("probe", "got", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_means_ready_not_yet_or_wait(
    probe: Probe, got: bytes, verdict: bool | None
) -> None:
    asked = exchange(Ready(probe=probe))

    assert asked is not None
    assert asked.judge(got) is verdict


def test_http_asks_for_the_path_that_was_configured() -> None:
    asked = exchange(Ready(probe=Probe.HTTP, http_path="/health"))

    assert asked is not None
    assert asked.said.startswith(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
    assert asked.said.endswith(b"\r\n\r\n")


def test_the_lengths_in_binary_questions_are_right() -> None:
    postgres, mqtt = exchange(Ready(probe=Probe.POSTGRES)), exchange(Ready(probe=Probe.MQTT))

    assert postgres is not None
    assert mqtt is not None
    assert int.from_bytes(postgres.said[:4], "big") == len(postgres.said)
    assert mqtt.said[1] == len(mqtt.said) - 2


def test_nothing_is_asked_where_nothing_was_configured() -> None:
    assert exchange(Ready()) is None


def test_pauses_grow_but_none_is_long_enough_to_be_noticed() -> None:
    found = list(islice(pauses(), 30))

    assert found == sorted(found)
    assert found[0] <= 0.002
    assert found[-1] == MOST_S
    assert sum(found[:10]) < 0.1


@pytest.mark.parametrize(
    ("ready", "is_announced", "answer", "said"),
    [
        (Ready(line="^up"), False, b"", "no line matched ^up"),
        (Ready(notifies=True), False, b"", "it did not notify"),
        (Ready(probe=Probe.TCP), True, b"", "nobody answered"),
        (
            Ready(probe=Probe.HTTP, http_path="/up"),
            True,
            b"HTTP/1.1 404 Not Found\r\nDate: x",
            "GET /up was answered with HTTP/1.1 404 Not Found",
        ),
        (
            Ready(probe=Probe.HTTP),
            True,
            b"SSH-2.0",
            "its answer was none of a server that is ready",
        ),
    ],
)
def test_what_a_server_lacked_is_told(
    ready: Ready, is_announced: bool, answer: bytes, said: str
) -> None:
    assert shortfall(ready, is_announced=is_announced, answer=answer) == said
