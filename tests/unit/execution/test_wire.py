"""Frames over a pipe."""

import os
from collections.abc import Generator
from itertools import pairwise
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.execution import wire
from handrail.execution.wire import Incoming, Message, pack

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
messages = st.lists(st.lists(plain, max_size=4).map(tuple), max_size=5)


@given(messages, st.lists(st.integers(0, 200), max_size=8))
def test_messages_arrive_whole_and_in_order_however_the_bytes_are_cut(
    sent: list[Message], cuts: list[int]
) -> None:
    stream = b"".join(map(pack, sent))
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    incoming = Incoming()

    got = [
        message for start, end in pairwise(places) for message in incoming.feed(stream[start:end])
    ]

    assert got == sent


def test_a_message_arrives_byte_by_byte() -> None:
    incoming = Incoming()

    got = [m for byte in pack(("a", 1)) for m in incoming.feed(bytes([byte]))]

    assert got == [("a", 1)]


def test_what_marshal_cannot_carry_is_pickled() -> None:
    message = ("tag", PurePosixPath("a/b"))

    assert list(Incoming().feed(pack(message))) == [message]


def test_what_nothing_can_carry_is_refused_before_a_byte_is_sent(pipe: tuple[int, int]) -> None:
    with pytest.raises((TypeError, AttributeError, ValueError, wire.pickle.PicklingError)):
        wire.send(pipe[1], ("tag", lambda: None))

    os.close(pipe[1])
    assert os.read(pipe[0], 1) == b""


def test_whoever_stops_reading_half_way_is_not_told_anything_twice() -> None:
    incoming = Incoming()

    def interrupted() -> None:
        for message in incoming.feed(pack((1,)) + pack((2,)) + pack((3,))):
            if message == (2,):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(incoming.feed(b"")) == [(3,)]


@pytest.fixture
def pipe() -> Generator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def test_a_message_larger_than_the_pipe_is_sent_whole(pipe: tuple[int, int]) -> None:
    message = ("big", "x" * 1_000_000)
    pid = os.fork()
    if pid == 0:
        wire.send(pipe[1], message)
        os._exit(0)

    got = wire.receive(pipe[0])
    os.waitpid(pid, 0)

    assert got == message


@pytest.mark.parametrize("length", [0, 2, 7], ids=["nothing", "half a head", "half a body"])
def test_the_end_of_the_stream_is_the_end_wherever_it_comes(
    pipe: tuple[int, int], length: int
) -> None:
    os.write(pipe[1], pack(("some", "text"))[:length])
    os.close(pipe[1])

    assert wire.receive(pipe[0]) is None


def test_sending_to_nobody_is_an_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])

    with pytest.raises(BrokenPipeError):
        wire.send(pipe[1], ("a",))
