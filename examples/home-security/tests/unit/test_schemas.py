"""What goes over the wire comes back the same, and nonsense does not come in."""

from datetime import UTC
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from home_security.live import Message
from home_security.schemas import (
    AlertOut,
    ArmingIn,
    AuditOut,
    CameraOut,
    EntityIn,
    EntityOut,
    EventIn,
    EventOut,
    RuleIn,
    RuleOut,
    SensorOut,
    SettingsIn,
    SettingsOut,
    ZoneOut,
)
from home_security.vocabulary import (
    AlertStatus,
    EntityKind,
    EventKind,
    Mode,
    SensorKind,
    Severity,
    ZoneKind,
)

# Few characters, the awkward ones: drawing from all of Unicode first builds a table of it (seconds).
text = partial(st.text, "aZ0 ,.<&'\"\\\n\tßé漢😀\u200f")
ids, words, flags = st.integers(1, 2**31 - 1), text(max_size=20), st.booleans()
moments = st.datetimes(timezones=st.just(UTC))
maybe_moments, shares = st.none() | moments, st.floats(0, 1)
details = st.dictionaries(
    text(max_size=5), st.integers() | text(max_size=5) | st.none(), max_size=3
)

SENT = {
    ZoneOut: st.builds(ZoneOut, id=ids, name=words, kind=st.sampled_from(ZoneKind)),
    SensorOut: st.builds(
        SensorOut, id=ids, name=words, kind=st.sampled_from(SensorKind), zone=words, is_online=flags,
        battery_percent=st.integers(0, 100), is_open=flags, last_seen_at=maybe_moments,
    ),
    CameraOut: st.builds(
        CameraOut, id=ids, name=words, zone=words, width=ids, height=ids, is_online=flags,
        last_frame_at=maybe_moments,
    ),
    EventOut: st.builds(
        EventOut, id=ids, kind=st.sampled_from(EventKind), zone=words, entity=st.none() | words,
        confidence=shares, at=moments, note=words,
    ),
    AlertOut: st.builds(
        AlertOut, id=ids, title=words, zone=words, status=st.sampled_from(AlertStatus),
        severity=st.sampled_from(Severity), count=ids, opened_at=moments, last_at=moments,
        resolved_at=maybe_moments,
    ),
    EntityOut: st.builds(
        EntityOut, id=ids, name=words, kind=st.sampled_from(EntityKind), is_trusted=flags, note=words,
        first_seen_at=moments, last_seen_at=maybe_moments,
    ),
    RuleOut: st.builds(
        RuleOut, id=ids, name=words, event_kind=st.sampled_from(EventKind),
        modes=st.lists(st.sampled_from(Mode), min_size=1), severity=st.sampled_from(Severity),
        minimum_confidence=shares, ignores_trusted=flags, window_s=ids, is_enabled=flags,
    ),
    AuditOut: st.builds(
        AuditOut, id=ids, actor=words, action=words, target=words, at=moments, details=details
    ),
    SettingsOut: st.builds(
        SettingsOut, name=words, notify_email=st.none() | words, retention_days=ids,
        exit_delay_s=ids, quiet_from=st.none() | st.times(), quiet_until=st.none() | st.times(),
    ),
    Message: st.builds(Message, type=st.sampled_from(["hello", "event", "alert", "mode"]), data=details),
}  # fmt: skip


@pytest.mark.parametrize("schema", SENT, ids=lambda schema: schema.__name__)
def test_what_is_sent_reads_back_the_same(schema):
    @given(SENT[schema])
    def check(value):
        assert schema.model_validate_json(value.model_dump_json()) == value

    check()


SETTINGS = {"name": "Home", "retention_days": 30, "exit_delay_s": 30}


@pytest.mark.parametrize(
    ("schema", "body", "where"),
    [
        (EntityIn, {"name": "", "kind": "person"}, "name"),
        (EntityIn, {"name": "   ", "kind": "person"}, "name"),
        (EntityIn, {"name": "x" * 81, "kind": "person"}, "name"),
        (EntityIn, {"name": "Ada", "kind": "ghost"}, "kind"),
        (EntityIn, {"name": "Ada", "kind": "person", "nmae": 1}, "nmae"),
        (EntityIn, {"name": "Ada", "kind": "person", "note": "a\0b"}, "note"),
        (EventIn, {"zone_id": 0, "kind": "motion"}, "zone_id"),
        (EventIn, {"zone_id": 2**31, "kind": "motion"}, "zone_id"),
        (EventIn, {"zone_id": 1, "kind": "motion", "confidence": 1.01}, "confidence"),
        (EventIn, {"zone_id": 1, "kind": "motion", "confidence": "nan"}, "confidence"),
        (RuleIn, {"name": "R", "event_kind": "motion", "modes": [], "severity": "high"}, "modes"),
        (ArmingIn, {"command": "disarm", "pin": "12ab"}, "pin"),
        (ArmingIn, {"command": "explode"}, "command"),
        (SettingsIn, {**SETTINGS, "retention_days": 0}, "retention_days"),
        (SettingsIn, {**SETTINGS, "retention_days": 366}, "retention_days"),
        (SettingsIn, {**SETTINGS, "exit_delay_s": -1}, "exit_delay_s"),
        (SettingsIn, {**SETTINGS, "notify_email": "nobody"}, "notify_email"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_field(schema, body, where):
    with pytest.raises(ValidationError) as caught:
        schema.model_validate(body)

    assert [error["loc"][0] for error in caught.value.errors()] == [where]


def test_quiet_hours_have_two_ends():
    with pytest.raises(ValidationError, match="quiet hours need a beginning and an end"):
        SettingsIn.model_validate({**SETTINGS, "quiet_from": "22:00"})


def test_spaces_around_a_name_are_not_part_of_it():
    assert EntityIn(name="  Ada ", kind=EntityKind.PERSON).name == "Ada"
