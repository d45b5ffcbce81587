"""One day, hour by hour."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from home_security.models import Event
from home_security.seed import seed_home
from page_objects import Panel, Timeline

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]

DAY = datetime(2026, 3, 14, tzinfo=UTC)


@pytest.fixture
def home(database):
    """A home in which things happened on one day, long ago."""
    home = seed_home(database)
    for hours in (7.1, 7.5, 7.9, 21.2):
        at, zone = DAY + timedelta(hours=hours), home.zones[2]
        database.add(Event(household_id=home.id, zone=zone, kind="motion", at=at))
    database.commit()
    return home


@pytest.fixture
def timeline(page, home):
    timeline = Timeline(page)
    timeline.open_live("?day=2026-03-14")
    return timeline


@pytest.fixture
def panel(timeline):
    return Panel(timeline.page.locator("#day-panel"))


def test_a_day_has_its_hours_with_their_events(timeline):
    expect(timeline.hours).to_have_count(2)
    expect(timeline.hours.nth(0)).to_contain_text("07:00")
    expect(timeline.hours.nth(0).locator("li")).to_have_count(3)
    expect(timeline.hours.nth(1)).to_contain_text("21:12")


def test_it_is_summed_up_in_one_line(timeline):
    expect(timeline.summary).to_have_text("4 events, most between 7:00 and 8:00")
    expect(timeline.chart).to_have_attribute("aria-label", "4 events, most between 7:00 and 8:00")
    expect(timeline.chart.locator("rect:not(.none)")).to_have_count(2)


def test_the_day_before_is_one_click_away_and_in_the_address(timeline, panel):
    timeline.before.click()

    panel.is_in("empty")
    expect(timeline.day).to_have_value("2026-03-13")
    expect(timeline.page).to_have_url("/timeline?day=2026-03-13")


def test_back_and_forth_ends_where_it_began(timeline, panel):
    timeline.before.click()
    timeline.after.click()

    expect(timeline.day).to_have_value("2026-03-14")
    panel.is_in("ready")


def test_months_and_leap_years_are_no_obstacle(page, home):
    timeline = Timeline(page)
    timeline.open_live("?day=2028-03-01")

    timeline.before.click()

    expect(timeline.day).to_have_value("2028-02-29")


def test_a_day_can_be_chosen(timeline, panel):
    timeline.day.fill("2026-03-20")

    panel.is_in("empty")
    expect(timeline.page.get_by_role("heading", name="2026-03-20")).to_be_visible()


def test_an_answer_that_comes_too_late_is_not_shown(timeline, mocks, panel):
    held = mocks.hold("/api/timeline")
    timeline.before.click()
    timeline.after.click()
    held.wait_for(2)
    held.release_last()
    panel.is_in("ready")

    with timeline.page.expect_response("**/api/timeline?day=2026-03-13"):
        held.release()

    timeline.page.wait_for_load_state("networkidle")
    expect(timeline.hours).to_have_count(2)


def test_without_a_day_it_is_today_and_goes_on(page, home, api):
    timeline = Timeline(page)
    timeline.open_live()
    expect(timeline.day).to_have_value(datetime.now(UTC).date().isoformat())

    api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "tamper"})

    expect(timeline.hours.filter(has_text="Tampering")).to_have_count(1)


def test_a_day_of_the_past_does_not_change(timeline, api, home):
    api.post("/api/events", json={"zone_id": home.zones[0].id, "kind": "tamper"})

    timeline.page.reload()
    expect(timeline.live).to_have_text("live")
    expect(timeline.summary).to_contain_text("4 events")
