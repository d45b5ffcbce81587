"""What a pytest process and its supervisor say to each other arrives as it was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.orders import (
    Answer,
    Detach,
    Detached,
    Ended,
    Failed,
    Started,
    Stop,
    Stopped,
    pack_answer,
    pack_order,
    unpack_answer,
    unpack_order,
)

words = st.text(max_size=20)
starts = st.builds(
    Start,
    name=words,
    argv=st.lists(words, max_size=4).map(tuple),
    folder=words,
    works_in=words,
    is_kept=st.booleans(),
    copy_of=words,
    files=st.dictionaries(words, words, max_size=2),
    env=st.dictionaries(words, words, max_size=3),
    owner=st.none() | st.tuples(st.integers(0, 70000), st.integers(0, 70000)),
    address=st.builds(Address, path=words, host=words, port=st.integers(0, 65535)),
    listens=st.booleans(),
    ready=st.builds(Ready, notifies=st.booleans(), line=words, probe=st.sampled_from(Probe)),
    stop_signal=st.integers(1, 31),
    undo=st.lists(words, max_size=3).map(tuple),
    memory_bytes=st.none() | st.integers(0, 1 << 40),
)


@given(starts)
def test_an_order_arrives_as_it_was_given(start: Start) -> None:
    line = pack_order(start)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert unpack_order(line) == start


def test_a_stop_arrives() -> None:
    assert unpack_order(pack_order(Stop(name="redis.2"))) == Stop(name="redis.2")


def test_a_wish_to_go_on_arrives() -> None:
    assert unpack_order(pack_order(Detach())) == Detach()


@pytest.mark.parametrize(
    "answer",
    [
        Detached(),
        Started(name="redis", pid=7, host="127.0.0.1", port=0, took_s=0.012),
        Failed(name="redis", why="ended with exit code 1"),
        Ended(name="redis", why="ended by signal 9"),
        Stopped(name="redis"),
    ],
)
def test_an_answer_arrives(answer: Answer) -> None:
    assert unpack_answer(pack_answer(answer)) == answer
