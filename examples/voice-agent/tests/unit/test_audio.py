"""Frames: cut from pieces of any size, sent when they are due."""

import io
import itertools
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.audio import BYTES, FRAME_S, RATE, SAMPLES, SILENCE, Framer, Pacer, wav

pieces = st.lists(st.binary(max_size=3 * BYTES), max_size=10)


def test_a_frame_is_twenty_milliseconds():
    assert SAMPLES / RATE == FRAME_S
    assert len(SILENCE) == BYTES == 2 * SAMPLES


def test_nothing_is_a_frame_before_it_is_whole():
    assert Framer().push(bytes(BYTES - 1)) == []


def test_the_rest_begins_the_next_frame():
    framer = Framer()
    framer.push(b"a" * (BYTES + 1))

    assert framer.push(b"b" * (BYTES - 1)) == [b"a" + b"b" * (BYTES - 1)]


@given(pieces)
def test_pieces_of_any_size_make_the_same_frames(pieces):
    framer, whole = Framer(), b"".join(pieces)

    frames = [frame for piece in pieces for frame in framer.push(piece)]

    assert b"".join(frames) == whole[: len(whole) // BYTES * BYTES]
    assert all(len(frame) == BYTES for frame in frames)


def test_the_first_frame_is_due_at_once():
    assert Pacer(10.0).wait_s(10.0) == 0


def test_frames_follow_each_other_as_fast_as_they_are_heard():
    pacer = Pacer(0.0)

    assert [round(pacer.wait_s(0.0) / FRAME_S) for _ in range(4)] == [0, 1, 2, 3]


def test_a_late_frame_is_not_made_up_for_by_a_burst():
    pacer = Pacer(0.0)
    pacer.wait_s(0.0)

    assert pacer.wait_s(5.0) == 0
    assert pacer.wait_s(5.0) == pytest.approx(FRAME_S)


@given(st.lists(st.floats(0, 1), min_size=1))
def test_two_frames_are_never_nearer_than_one_frame(pauses):
    pacer, now, sent = Pacer(0.0), 0.0, []

    for pause in pauses:
        now += pause
        now += pacer.wait_s(now)
        sent.append(now)

    assert all(b - a > FRAME_S * 0.999 for a, b in itertools.pairwise(sent))


def test_a_player_knows_the_sound():
    with wave.open(io.BytesIO(wav([SILENCE] * 50))) as sound:
        assert (sound.getframerate(), sound.getnframes()) == (RATE, RATE)
