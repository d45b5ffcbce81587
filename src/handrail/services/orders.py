"""What a pytest process and its supervisor say to each other: one JSON object a line."""

import json
from collections.abc import Mapping
from typing import Any

from handrail.frozen import dataclass
from handrail.model.services import Address, Probe, Ready, Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Stop that server, gently at first."""

    name: str


@dataclass(frozen=True, slots=True)
class Detach:
    """Go on when whoever ordered the servers is gone, until SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The session's folder is there."""

    name: str = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """It answers."""

    name: str
    pid: int
    host: str
    port: int
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It did not become ready, and is gone."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """It was ready once and has ended, unasked."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """It has ended, as asked."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """The servers go on, whoever is gone."""

    name: str = "supervisor"


Answer = Begun | Started | Failed | Ended | Stopped | Detached
_ANSWERS = {each.__name__: each for each in (Begun, Started, Failed, Ended, Stopped, Detached)}


def pack_order(order: Start | Stop | Detach) -> bytes:
    """A line for the supervisor."""
    if isinstance(order, Detach):
        return _line({"detach": True})
    if isinstance(order, Stop):
        return _line({"stop": order.name})
    fields = {name: getattr(order, name) for name in order.__slots__}
    fields["address"] = {name: getattr(order.address, name) for name in order.address.__slots__}
    fields["ready"] = {name: getattr(order.ready, name) for name in order.ready.__slots__}
    fields["env"] = dict(order.env)
    fields["files"] = dict(order.files)
    return _line({"start": fields})


def unpack_order(line: bytes) -> Start | Stop | Detach:
    """The order again."""
    message = json.loads(line)
    if "detach" in message:
        return Detach()
    if "stop" in message:
        return Stop(name=message["stop"])
    fields: dict[str, Any] = message["start"]
    owner = fields["owner"]
    fields |= {
        "argv": tuple(fields["argv"]),
        "undo": tuple(fields["undo"]),
        "owner": None if owner is None else (owner[0], owner[1]),
        "address": Address(**fields["address"]),
        "ready": Ready(**fields["ready"] | {"probe": Probe(fields["ready"]["probe"])}),
    }
    return Start(**fields)


def pack_answer(answer: Answer) -> bytes:
    """A line for the pytest process."""
    fields = {name: getattr(answer, name) for name in answer.__slots__}
    return _line({type(answer).__name__: fields})


def unpack_answer(line: bytes) -> Answer:
    """The answer again."""
    ((kind, fields),) = json.loads(line).items()
    answer: Answer = _ANSWERS[kind](**fields)
    return answer


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
