"""How to ask a server whether it is ready: what to say, what its answer means, how often to try."""

from collections.abc import Callable, Iterator

from handrail.frozen import dataclass
from handrail.model.services import Probe, Ready

FIRST_S = 0.002
FACTOR = 1.3
MOST_S = 0.025


def pauses() -> Iterator[float]:
    """Seconds to wait between attempts: short ones at first, none long enough to be noticed.

    Source: measured with servers that are ready after 20 ms and after 2 s; at most 25 ms are lost,
    for two per cent of a processor.
    """
    pause = FIRST_S
    while True:
        yield pause
        pause = min(pause * FACTOR, MOST_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One attempt on a fresh connection."""

    said: bytes
    """Sent as soon as there is a connection."""
    judge: Callable[[bytes], bool | None]
    """Whether what has come so far means ready (True), not yet (False), or more is needed (None)."""
    goodbye: bytes = b""
    """Sent before hanging up."""
    waits: bool = False
    """Whether an answer may take as long as the server takes to start."""


def exchange(ready: Ready) -> Exchange | None:
    """The attempt that ``ready.probe`` stands for; None where nothing is to be asked."""
    match ready.probe:
        case Probe.NONE:
            return None
        case Probe.TCP:
            return Exchange(said=b"", judge=lambda _: True)
        case Probe.HTTP:
            request = (
                f"GET {ready.http_path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return Exchange(said=request.encode("ascii"), judge=_http, waits=True)
        case Probe.POSTGRES:
            return Exchange(said=_POSTGRES_STARTUP, judge=_postgres, goodbye=b"X\0\0\0\x04")
        case Probe.REDIS:
            return Exchange(said=b"PING\r\n", judge=_redis)
        case Probe.MYSQL:
            return Exchange(said=b"", judge=_mysql)
        case Probe.NATS:
            return Exchange(said=b"", judge=_nats)
        case Probe.MQTT:
            return Exchange(said=_MQTT_CONNECT, judge=_mqtt, goodbye=b"\xe0\0")


def shortfall(ready: Ready, *, is_announced: bool, answer: bytes) -> str:
    """What a server lacked that was not ready in time; ``answer``: to the last attempt, if any."""
    if not is_announced:
        return f"no line matched {ready.line}" if ready.line else "it did not notify"
    if not answer:
        return "nobody answered"
    line = answer.partition(b"\r\n")[0].decode("ascii", "replace")
    if ready.probe is Probe.HTTP and line.startswith("HTTP/"):
        return f"GET {ready.http_path} was answered with {line[:_ANSWER_CHARACTERS]}"
    return "its answer was none of a server that is ready"


_ANSWER_CHARACTERS = 100


def _http(got: bytes) -> bool | None:
    line, ended, _ = got.partition(b"\r\n")
    if not ended:
        return None
    words = line.split(b" ")
    return len(words) > 1 and words[1].isdigit() and int(words[1]) < 400


_PARAMETERS = b"user\0postgres\0database\0postgres\0\0"
_POSTGRES_STARTUP = (8 + len(_PARAMETERS)).to_bytes(4, "big") + b"\0\x03\0\0" + _PARAMETERS
"""StartupMessage, version 3.0."""


def _postgres(got: bytes) -> bool | None:
    """It asks for (or waives) a password when it accepts connections; before, it sends an error."""
    return None if not got else got[:1] == b"R"


def _redis(got: bytes) -> bool | None:
    if b"\n" not in got:
        return None
    return not got.startswith(b"-LOADING")  # -NOAUTH is an answer too


def _mysql(got: bytes) -> bool | None:
    """A packet that begins with protocol version 10; an error packet begins with 255."""
    return None if len(got) < 5 else got[4] == 10


def _nats(got: bytes) -> bool | None:
    return None if len(got) < 4 else got.startswith(b"INFO")


_MQTT_CONNECT = b"\x10\x13\0\x04MQTT\x04\x02\0\x0a\0\x07handrai"
"""CONNECT of MQTT 3.1.1: clean session, ten seconds, client id ``handrai``."""


def _mqtt(got: bytes) -> bool | None:
    return None if len(got) < 4 else got[0] == 0x20 and got[3] == 0
