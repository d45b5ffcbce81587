"""What the services say to each other: three gRPC methods, written down once, without generated code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

PAUSE = "."  # in place of a word: the speaker has ended the sentence


@dataclass(frozen=True, slots=True)
class Heard:
    """A word, or a pause, and after how many frames of its stream the recogniser knew it."""

    word: str
    frames: int

    def encoded(self) -> bytes:
        """As it is sent."""
        return f"{self.frames} {self.word}".encode()

    @classmethod
    def decoded(cls, data: bytes) -> "Heard":
        """As it was before it was sent."""
        frames, _, word = data.decode().partition(" ")
        return cls(word, int(frames))


def _same(data: bytes) -> bytes:
    return data


def _encoded(text: str) -> bytes:
    return text.encode()


def _decoded(data: bytes) -> str:
    return data.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One gRPC method; the same declaration makes the client's call and the server's handler."""

    kind: str  # which service has it
    name: str
    streams_in: bool
    encode: tuple[Callable[[Any], bytes], Callable[[Any], bytes]]  # request, answer
    decode: tuple[Callable[[bytes], Any], Callable[[bytes], Any]]

    def on(self, channel: grpc.Channel | grpc.aio.Channel) -> Callable[..., Any]:
        """Call it over ``channel``; the answer is a stream."""
        make = channel.stream_stream if self.streams_in else channel.unary_stream
        return make(
            f"/{self.kind}/{self.name}",
            request_serializer=self.encode[0],
            response_deserializer=self.decode[1],
        )

    def served_by(self, behaviour: Callable[..., Any]) -> grpc.GenericRpcHandler:
        """Have ``behaviour`` answer it."""
        make = (
            grpc.stream_stream_rpc_method_handler
            if self.streams_in
            else grpc.unary_stream_rpc_method_handler
        )
        handler = make(
            behaviour,
            request_deserializer=self.decode[0],
            response_serializer=self.encode[1],
        )
        return grpc.method_handlers_generic_handler(self.kind, {self.name: handler})


LISTEN = Method(
    kind="recogniser",
    name="Listen",
    streams_in=True,
    encode=(_same, Heard.encoded),
    decode=(_same, Heard.decoded),
)
ANSWER = Method(
    kind="dialogue",
    name="Answer",
    streams_in=False,
    encode=(_encoded, _same),  # grpc.aio has made bytes of a str before a serialiser sees it
    decode=(_decoded, _decoded),
)
SPEAK = Method(
    kind="synthesiser",
    name="Speak",
    streams_in=False,
    encode=(_encoded, _same),
    decode=(_decoded, _same),
)
METHODS = (LISTEN, ANSWER, SPEAK)
