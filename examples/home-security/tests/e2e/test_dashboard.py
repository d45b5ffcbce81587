"""The dashboard shows how the home stands, the moment that it changes."""

import pytest
from playwright.sync_api import expect

from home_security.models import Zone
from home_security.seed import PIN
from home_security.vocabulary import Mode
from page_objects import Dashboard

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def dashboard(page, home):
    dashboard = Dashboard(page)
    dashboard.open_live()
    return dashboard


@pytest.fixture
def zones(home):
    return {zone.name: zone.id for zone in home.zones}


def event(number, zone="Hall", kind="motion"):
    """A message about an event."""
    return {"id": number, "kind": kind, "zone": zone, "entity": None, "at": "2026-03-01T12:00:00Z"}


def test_it_shows_the_home_its_mode_and_its_numbers(dashboard):
    expect(dashboard.page.get_by_text("14 Harbour Street")).to_be_visible()
    expect(dashboard.mode).to_have_text("Disarmed")
    expect(dashboard.open_alerts).to_have_text("1")
    expect(dashboard.worst).to_have_text("high")
    expect(dashboard.feed).to_have_count(8)
    expect(dashboard.zones).to_have_count(4)


def test_the_chart_says_in_words_what_it_shows(dashboard):
    expect(dashboard.chart).to_have_attribute("aria-label", "13 events in the last 24 hours")


@pytest.mark.parametrize(
    ("button", "mode"), [("Arm home", "Armed, at home"), ("Arm away", "Armed, away")]
)
def test_the_home_is_armed_with_one_click(button, mode, dashboard):
    dashboard.press(button)

    expect(dashboard.mode).to_have_text(mode)
    expect(dashboard.button(button)).to_be_disabled()


def test_with_the_pin_it_is_disarmed(dashboard):
    dashboard.press("Arm away")
    expect(dashboard.mode).to_have_text("Armed, away")

    dashboard.press("Disarm", PIN)

    expect(dashboard.mode).to_have_text("Disarmed")


@pytest.mark.parametrize("pin", ["", "1111"])
def test_without_the_right_pin_it_stays_armed(pin, dashboard):
    dashboard.press("Arm away")
    expect(dashboard.mode).to_have_text("Armed, away")

    dashboard.press("Disarm", pin)

    expect(dashboard.toast("the PIN is wrong")).to_be_visible()
    expect(dashboard.mode).to_have_text("Armed, away")


def test_a_pin_does_not_stay_in_its_field(dashboard):
    dashboard.press("Arm home", PIN)

    expect(dashboard.mode).to_have_text("Armed, at home")
    expect(dashboard.pin).to_have_value("")


def test_what_is_typed_while_an_answer_is_under_way_stays(live, dashboard, mocks):
    held = mocks.hold("/api/arming")
    dashboard.press("Arm home", "9999")
    dashboard.pin.fill(PIN)

    held.release()

    expect(dashboard.mode).to_have_text("Armed, at home")
    expect(dashboard.pin).to_have_value(PIN)


def test_it_is_not_armed_with_a_window_open(page, home, database):
    home.zones[1].sensors[0].is_open = True
    database.commit()
    dashboard = Dashboard(page)
    dashboard.open_live()
    expect(dashboard.zone("Kitchen")).to_contain_text("1 open")

    dashboard.press("Arm away")

    expect(dashboard.toast("still open: Kitchen window")).to_be_visible()
    expect(dashboard.mode).to_have_text("Disarmed")


def test_an_event_is_shown_the_moment_it_happens(dashboard, api, zones):
    api.post("/api/events", json={"zone_id": zones["Garden"], "kind": "vehicle"})

    expect(dashboard.feed.first).to_contain_text("Vehicle Garden")
    expect(dashboard.day_count).to_have_text("14")


def test_an_alert_is_counted_the_moment_it_is_opened(dashboard, api, zones):
    api.post("/api/events", json={"zone_id": zones["Kitchen"], "kind": "smoke"})

    expect(dashboard.open_alerts).to_have_text("2")
    expect(dashboard.worst).to_have_text("critical")
    expect(dashboard.zone("Kitchen")).to_contain_text("2 alerts")


def test_what_another_panel_does_is_seen_here(dashboard, api):
    api.post("/api/arming", json={"command": "arm_away"})

    expect(dashboard.mode).to_have_text("Armed, away")


def test_two_panels_show_the_same(dashboard, new_context):
    other = Dashboard(new_context().new_page())
    other.open_live()

    dashboard.press("Arm home")

    expect(other.mode).to_have_text("Armed, at home")


def test_the_feed_keeps_the_last_eight(dashboard, api, zones):
    for _ in range(10):
        api.post("/api/events", json={"zone_id": zones["Hall"], "kind": "tamper"})

    expect(dashboard.day_count).to_have_text("23")
    expect(dashboard.feed).to_have_count(8)
    expect(dashboard.feed.filter(has_text="Tampering")).to_have_count(8)


def test_a_zone_without_trouble_says_so(dashboard):
    expect(dashboard.zone("Hall")).to_contain_text("all well")
    expect(dashboard.zone("Garden")).to_contain_text("1 offline")


def test_a_name_with_markup_is_text(page, home, database):
    home.zones.append(Zone(name="<img src=x onerror=alert(1)>", kind="interior"))
    database.commit()
    dashboard = Dashboard(page)

    dashboard.open_live()

    expect(dashboard.zone("<img src=x onerror=alert(1)>")).to_be_visible()
    expect(page.locator("main img")).to_have_count(0)


def test_an_armed_home_is_shown_as_armed_from_the_start(page, home, database):
    home.mode = Mode.AWAY
    database.commit()
    dashboard = Dashboard(page)

    dashboard.open()

    expect(dashboard.mode).to_have_text("Armed, away")


# With the WebSocket mocked: what no app that is well would do.


@pytest.fixture
def live(mocks):
    return mocks.live()


def test_what_cannot_be_understood_is_passed_over(live, dashboard):
    live.say("this is not JSON")
    live.tell("weather", sky="blue")
    live.tell("mode", mode="home")

    expect(dashboard.mode).to_have_text("Armed, at home")


def test_an_event_that_comes_twice_is_shown_once(live, dashboard):
    live.tell("event", **event(10_001, zone="The cellar"))
    live.tell("event", **event(10_001, zone="The cellar"))
    live.tell("event", **event(10_002, zone="The attic"))

    expect(dashboard.feed.first).to_contain_text("The attic")
    expect(dashboard.feed.filter(has_text="The cellar")).to_have_count(1)
    expect(dashboard.day_count).to_have_text("15")


def test_a_lost_connection_is_shown_and_comes_back_by_itself(live, dashboard):
    live.hang_up()

    expect(dashboard.live).to_have_text("reconnecting")
    expect(dashboard.live).to_have_text("live")
    assert len(live.connections) == 2


def test_what_was_missed_meanwhile_is_shown_after_it(live, dashboard, api, zones):
    api.post("/api/events", json={"zone_id": zones["Garden"], "kind": "vehicle"})  # nobody tells us
    expect(dashboard.day_count).to_have_text("13")

    live.hang_up()

    expect(dashboard.day_count).to_have_text("14")


def test_the_first_event_ends_the_quiet(live, mocks, page, home):
    quiet = {
        "name": "Home", "mode": "disarmed", "open_alerts": 0, "worst": None, "zones": [],
        "per_hour": [0] * 24, "recent": [],
    }  # fmt: skip
    mocks.answer("/api/overview", quiet)
    dashboard = Dashboard(page)
    dashboard.open_live()
    panel = dashboard.panel("Live feed")
    panel.is_in("empty")

    live.tell("event", **event(1, zone="Porch", kind="person"))

    panel.is_in("ready")
    expect(dashboard.feed).to_have_count(1)
    expect(dashboard.feed).to_contain_text("Person Porch")
