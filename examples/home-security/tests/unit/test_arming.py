"""Who may change the mode of the home, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_security.services.arming import NEXT, Command, Refusal, advance, is_leaving, lowers_guard
from home_security.vocabulary import Mode

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
modes, commands = st.sampled_from(Mode), st.sampled_from(Command)


@pytest.mark.parametrize(
    ("mode", "command", "expected"),
    [
        (Mode.DISARMED, Command.ARM_HOME, Mode.HOME),
        (Mode.DISARMED, Command.ARM_AWAY, Mode.AWAY),
        (Mode.HOME, Command.ARM_AWAY, Mode.AWAY),
        (Mode.HOME, Command.DISARM, Mode.DISARMED),
        (Mode.AWAY, Command.ARM_HOME, Mode.HOME),
        (Mode.AWAY, Command.DISARM, Mode.DISARMED),
    ],
)
def test_with_the_pin_and_everything_shut_every_move_is_legal(mode, command, expected):
    assert advance(mode, command, is_pin_right=True, open_contacts=[]) is expected


@pytest.mark.parametrize(
    ("mode", "command"), [(Mode.HOME, Command.DISARM), (Mode.AWAY, Command.ARM_HOME)]
)
def test_the_guard_is_not_lowered_without_the_pin(mode, command):
    refusal = advance(mode, command, is_pin_right=False, open_contacts=[])

    assert refusal == Refusal("pin", "the PIN is wrong")


def test_raising_the_guard_needs_no_pin():
    result = advance(Mode.DISARMED, Command.ARM_AWAY, is_pin_right=False, open_contacts=[])

    assert result is Mode.AWAY


def test_nobody_leaves_with_a_window_open():
    open_contacts = ["Kitchen window", "Gate"]

    refusal = advance(Mode.HOME, Command.ARM_AWAY, is_pin_right=True, open_contacts=open_contacts)

    assert refusal == Refusal("open", "still open: Kitchen window, Gate")


def test_a_window_may_be_open_while_somebody_is_at_home():
    result = advance(Mode.DISARMED, Command.ARM_HOME, is_pin_right=False, open_contacts=["Window"])

    assert result is Mode.HOME


@pytest.mark.parametrize(("seconds", "expected"), [(0, True), (29.9, True), (30, False)])
def test_people_have_so_many_seconds_to_leave(seconds, expected):
    at = NOON + timedelta(seconds=seconds)

    assert is_leaving(NOON, at, 30) is expected


def test_whoever_never_armed_is_not_leaving():
    assert not is_leaving(None, NOON, 30)


@given(modes, commands, st.lists(st.sampled_from(["Gate", "Window"]), max_size=2))
def test_whoever_has_no_pin_never_lowers_the_guard(mode, command, open_contacts):
    result = advance(mode, command, is_pin_right=False, open_contacts=open_contacts)

    assert isinstance(result, Refusal) or not lowers_guard(mode, result)


@given(modes)
def test_every_mode_has_a_way_to_every_other(start):
    assert set(NEXT[start].values()) | {start} == set(Mode)
