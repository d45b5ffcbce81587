"""Which rules an event sets off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from home_security.services.rules import LIFE_SAFETY, Alarm, Condition, Sighting, alarms, is_met
from home_security.vocabulary import EventKind, Mode, Severity

PERSON = Condition(
    rule_id=1, kind=EventKind.PERSON, modes=frozenset({Mode.AWAY}), severity=Severity.HIGH
)
SEEN = Sighting(kind=EventKind.PERSON, confidence=0.9)

conditions = st.builds(
    Condition,
    rule_id=st.integers(1, 99),
    kind=st.sampled_from(EventKind),
    modes=st.frozensets(st.sampled_from(Mode)),
    severity=st.sampled_from(Severity),
    minimum_confidence=st.floats(0, 1),
    ignores_trusted=st.booleans(),
    is_enabled=st.booleans(),
)
sightings = st.builds(
    Sighting, kind=st.sampled_from(EventKind), confidence=st.floats(0, 1), is_trusted=st.booleans()
)
modes = st.sampled_from(Mode)


def test_a_stranger_while_everybody_is_away_is_an_alarm():
    assert is_met(PERSON, SEEN, Mode.AWAY)


@pytest.mark.parametrize(
    ("condition", "sighting", "mode"),
    [
        pytest.param(PERSON, SEEN, Mode.DISARMED, id="in another mode"),
        pytest.param(PERSON, replace(SEEN, kind=EventKind.MOTION), Mode.AWAY, id="another kind"),
        pytest.param(PERSON, replace(SEEN, confidence=0.49), Mode.AWAY, id="not sure enough"),
        pytest.param(PERSON, replace(SEEN, is_trusted=True), Mode.AWAY, id="somebody trusted"),
        pytest.param(replace(PERSON, is_enabled=False), SEEN, Mode.AWAY, id="switched off"),
    ],
)
def test_no_alarm_without_a_reason(condition, sighting, mode):
    assert not is_met(condition, sighting, mode)


def test_a_rule_may_count_trusted_people_too():
    strict = replace(PERSON, ignores_trusted=False)

    assert is_met(strict, replace(SEEN, is_trusted=True), Mode.AWAY)


def test_exactly_the_minimum_is_sure_enough():
    assert is_met(PERSON, replace(SEEN, confidence=0.5), Mode.AWAY)


def test_quiet_hours_make_it_one_step_worse():
    assert alarms([PERSON], SEEN, Mode.AWAY, is_quiet=True) == [Alarm(1, Severity.CRITICAL)]


@given(st.sampled_from(sorted(LIFE_SAFETY)), conditions, sightings, modes)
def test_fire_and_water_count_in_every_mode_whoever_is_there(kind, condition, sighting, mode):
    condition = replace(condition, kind=kind, is_enabled=True)
    sighting = replace(sighting, kind=kind, confidence=1.0)

    assert is_met(condition, sighting, mode)


@given(st.lists(conditions, max_size=6), sightings, modes, st.booleans())
def test_a_rule_that_is_off_is_never_heard_of(some, sighting, mode, is_quiet):
    off = [replace(each, is_enabled=False) for each in some]

    assert alarms(off, sighting, mode, is_quiet=is_quiet) == []


@given(st.lists(conditions, max_size=6), sightings, modes)
def test_the_night_changes_how_bad_it_is_not_what_it_is(some, sighting, mode):
    by_day = alarms(some, sighting, mode, is_quiet=False)
    by_night = alarms(some, sighting, mode, is_quiet=True)

    assert [each.rule_id for each in by_day] == [each.rule_id for each in by_night]
    assert [each.severity.raised(1) for each in by_day] == [each.severity for each in by_night]
