"""Everything that was reported, found again."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from home_security.models import Event
from page_objects import Events

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def events(page, home):
    events = Events(page)
    events.open_live()
    return events


@pytest.fixture
def many(database, home):
    """Fifty events more than the day already has: 63."""
    for number in range(50):
        at, zone = datetime.now(UTC) - timedelta(days=2, minutes=number), home.zones[3]
        database.add(
            Event(household_id=home.id, zone=zone, kind="motion", at=at, note=f"n{number}.")
        )
    database.commit()


def test_the_newest_comes_first(events):
    expect(events.rows).to_have_count(13)
    expect(events.rows.first).to_contain_text("Motion")
    expect(events.rows.last).to_contain_text("Ada came home.")


def test_by_kind(events):
    events.filter(kind="person")

    expect(events.rows).to_have_count(2)
    expect(events.range).to_have_text("1 to 2 of 2")


def test_by_zone(events):
    events.filter(zone="Kitchen")

    expect(events.rows).to_have_count(3)


def test_by_words_in_the_note(events):
    events.filter(text="PARCEL")

    expect(events.rows).to_have_count(1)
    expect(events.rows).to_contain_text("Rang twice, left a parcel.")


def test_by_everything_at_once(events):
    events.filter(kind="motion", zone="Garden", text="cat")

    expect(events.rows).to_have_count(1)


def test_nothing_found_is_said_and_cleared_with_one_click(events):
    events.filter(text="a unicorn")
    events.panel("Events found").is_in("empty")

    events.page.get_by_role("button", name="Clear").click()

    expect(events.rows).to_have_count(13)
    expect(events.text).to_have_value("")


def test_page_by_page_to_the_end_and_back(many, events):
    expect(events.range).to_have_text("1 to 20 of 63")
    expect(events.newer).to_be_disabled()

    for shown in ("21 to 40 of 63", "41 to 60 of 63", "61 to 63 of 63"):
        events.older.click()
        expect(events.range).to_have_text(shown)

    expect(events.older).to_be_disabled()
    expect(events.rows).to_have_count(3)
    events.newer.click()
    expect(events.range).to_have_text("41 to 60 of 63")


def test_a_filter_starts_again_at_the_first_page(many, events):
    events.older.click()
    expect(events.range).to_have_text("21 to 40 of 63")

    events.filter(kind="motion")

    expect(events.range).to_have_text("1 to 20 of 55")


def test_a_new_event_comes_to_the_top(events, api, home):
    api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "tamper", "note": "Look!"})

    expect(events.rows.first).to_contain_text("Look!")


def test_on_an_older_page_nothing_moves(many, events, api, home):
    events.older.click()
    expect(events.range).to_have_text("21 to 40 of 63")
    top = events.rows.first.inner_text()

    response = api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "tamper"})

    assert response.status_code == 201
    expect(events.rows.first).to_have_text(top, use_inner_text=True)
    expect(events.range).to_have_text("21 to 40 of 63")


def test_an_event_that_does_not_match_the_filter_stays_away(events, api, home):
    events.filter(kind="leak")
    expect(events.rows).to_have_count(1)

    api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "motion"})
    api.post("/api/events", json={"zone_id": home.zones[1].id, "kind": "leak"})

    expect(events.rows).to_have_count(2)


def test_markup_in_a_note_is_text(events, api, home):
    note = "<b>bold</b> & <script>alert(1)</script>"

    api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "motion", "note": note})

    expect(events.rows.first).to_contain_text(note)


def test_without_the_list_of_zones_the_table_still_works(page, home, mocks):
    mocks.answer("/api/zones", {"detail": "no"}, status=500)
    events = Events(page)

    events.open_live()

    expect(events.zone).to_be_disabled()
    expect(events.rows).to_have_count(13)
