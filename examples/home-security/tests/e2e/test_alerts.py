"""What needs somebody, and what was done about it."""

import pytest
from playwright.sync_api import expect

from page_objects import Alerts

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]

STRANGER = "Somebody at the house"


@pytest.fixture
def alerts(page, home):
    alerts = Alerts(page)
    alerts.open_live()
    return alerts


def test_open_ones_are_shown_first(alerts):
    expect(alerts.tab("Open")).to_have_attribute("aria-pressed", "true")
    expect(alerts.cards).to_have_count(1)
    expect(alerts.card(STRANGER)).to_contain_text("2 events")


@pytest.mark.parametrize(("tab", "count"), [("Acknowledged", 1), ("Resolved", 0), ("All", 2)])
def test_each_status_has_its_own(tab, count, alerts):
    alerts.tab(tab).click()

    expect(alerts.tab(tab)).to_have_attribute("aria-pressed", "true")
    alerts.panel("Alerts found").is_in("ready" if count else "empty")
    expect(alerts.cards).to_have_count(count)


def test_the_status_is_in_the_address(alerts):
    alerts.tab("Acknowledged").click()
    expect(alerts.page).to_have_url("/alerts?status=acknowledged")

    alerts.page.reload()

    expect(alerts.tab("Acknowledged")).to_have_attribute("aria-pressed", "true")
    expect(alerts.card("Water")).to_be_visible()


def test_a_status_that_is_none_shows_the_open_ones(page, home):
    alerts = Alerts(page)

    alerts.open_live("?status=nonsense")

    expect(alerts.card(STRANGER)).to_be_visible()


def test_acknowledged_means_seen(alerts):
    alerts.card(STRANGER).get_by_role("button", name="Acknowledge").click()

    expect(alerts.toast("Acknowledged.")).to_be_visible()
    alerts.panel("Alerts found").is_in("empty")
    alerts.tab("Acknowledged").click()
    expect(alerts.cards).to_have_count(2)


def test_resolved_means_done(alerts):
    alerts.card(STRANGER).get_by_role("button", name="Resolve").click()

    expect(alerts.toast("Resolved.")).to_be_visible()
    alerts.tab("Resolved").click()
    expect(alerts.card(STRANGER)).to_be_visible()
    expect(alerts.card(STRANGER).get_by_role("button")).to_have_count(0)


def test_what_another_panel_answered_first_is_told(alerts, api, mocks):
    [alert] = api.get("/api/alerts?status=open").json()
    mocks.answer("/resolve", {"detail": "cannot resolve an alert that is resolved"}, status=409)

    alerts.card(STRANGER).get_by_role("button", name="Resolve").click()

    expect(alerts.toast("cannot resolve an alert that is resolved")).to_be_visible()
    assert alert["status"] == "open"


def test_while_an_answer_is_under_way_it_cannot_be_given_twice(alerts, mocks):
    held = mocks.hold("/resolve")
    button = alerts.card(STRANGER).get_by_role("button", name="Resolve")

    button.click()

    expect(button).to_be_disabled()
    held.release()
    expect(alerts.toast("Resolved.")).to_be_visible()


def test_without_a_network_nothing_is_lost(alerts, mocks):
    mocks.cut("/resolve")
    alerts.card(STRANGER).get_by_role("button", name="Resolve").click()
    expect(alerts.toast("The system cannot be reached.")).to_be_visible()

    mocks.forget()
    alerts.card(STRANGER).get_by_role("button", name="Resolve").click()

    expect(alerts.toast("Resolved.")).to_be_visible()


def test_a_new_alert_appears_by_itself(alerts, api, home):
    api.post("/api/events", json={"zone_id": home.zones[1].id, "kind": "smoke"})

    expect(alerts.cards).to_have_count(2)
    expect(alerts.card("Smoke")).to_contain_text("critical")


def test_what_another_panel_resolves_disappears_by_itself(alerts, api):
    [alert] = api.get("/api/alerts?status=open").json()

    api.post(f"/api/alerts/{alert['id']}/resolve")

    alerts.panel("Alerts found").is_in("empty")


def test_it_gets_worse_before_one_s_eyes(alerts, api, home):
    for _ in range(3):
        api.post("/api/events", json={"zone_id": home.zones[3].id, "kind": "leak"})

    garden = alerts.card("Water").filter(has_text="Garden")
    expect(garden).to_contain_text("3 events")
    expect(garden).to_contain_text("critical")


def test_what_was_missed_while_the_connection_was_lost_is_shown_after_it(page, home, mocks, api):
    live = mocks.live()
    alerts = Alerts(page)
    alerts.open_live()
    api.post("/api/events", json={"zone_id": home.zones[1].id, "kind": "smoke"})  # nobody tells us

    live.hang_up()

    expect(alerts.card("Smoke")).to_be_visible()
