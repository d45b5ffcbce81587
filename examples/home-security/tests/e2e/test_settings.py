"""The household and its rules."""

import pytest
from playwright.sync_api import expect

from page_objects import Settings

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def settings(page, home):
    settings = Settings(page)
    settings.open_live()
    expect(settings.name).to_have_value("14 Harbour Street")
    return settings


def test_what_is_stored_is_shown(settings):
    expect(settings.email).to_have_value("ada@example.com")
    expect(settings.days).to_have_value("30")
    expect(settings.delay).to_have_value("30")
    expect(settings.quiet_from).to_have_value("")


def test_what_is_saved_is_there_the_next_time(settings):
    settings.name.fill("Lighthouse")
    settings.email.fill("")
    settings.days.fill("90")
    settings.quiet_from.fill("22:15")
    settings.quiet_until.fill("06:00")
    settings.save()
    expect(settings.toast("Saved.")).to_be_visible()

    settings.page.reload()

    expect(settings.name).to_have_value("Lighthouse")
    expect(settings.email).to_have_value("")
    expect(settings.days).to_have_value("90")
    expect(settings.quiet_from).to_have_value("22:15")
    expect(settings.quiet_until).to_have_value("06:00")


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("name", "  ", "Give a name."),
        ("email", "nobody", "This is no e-mail address."),
        ("days", "0", "A whole number from 1 to 365."),
        ("days", "366", "A whole number from 1 to 365."),
        ("days", "", "A whole number from 1 to 365."),
        ("days", "1.5", "A whole number from 1 to 365."),
        ("delay", "-1", "A whole number from 0 to 300."),
        ("delay", "301", "A whole number from 0 to 300."),
        ("quiet_from", "22:00", None),
    ],
)
def test_what_makes_no_sense_is_not_saved(field, value, complaint, settings, api):
    before = api.get("/api/settings").json()
    getattr(settings, field).fill(value)

    settings.save()

    expect(settings.toast("Not saved")).to_be_visible()
    wrong = settings.quiet_until if complaint is None else getattr(settings, field)
    expect(wrong).to_have_accessible_description(complaint or "Quiet hours need both ends.")
    assert api.get("/api/settings").json() == before


def test_two_mistakes_are_told_at_once(settings):
    settings.name.fill("")
    settings.days.fill("0")

    settings.save()

    expect(settings.page.locator("[aria-invalid=true]")).to_have_count(2)
    expect(settings.name).to_be_focused()


def test_what_only_the_system_finds_is_told_too(settings, mocks):
    mocks.answer("/api/settings", {"detail": [{"loc": ["body", "name"], "msg": "is taken"}]}, 422)

    settings.save()

    expect(settings.toast("name: is taken")).to_be_visible()


def test_a_rule_is_switched_off_and_stays_off(settings):
    settings.rule("Smoke").uncheck()
    expect(settings.toast("Smoke is off now.")).to_be_visible()

    settings.page.reload()

    expect(settings.rule("Smoke")).not_to_be_checked()
    expect(settings.rule("Water")).to_be_checked()


def test_a_rule_that_is_off_opens_no_alert(settings, api, home):
    settings.rule("Smoke").uncheck()
    expect(settings.toast("Smoke is off now.")).to_be_visible()

    api.post("/api/events", json={"zone_id": home.zones[1].id, "kind": "smoke"})

    assert [each["title"] for each in api.get("/api/alerts").json()] == [
        "Water",
        "Somebody at the house",
    ]


def test_a_switch_that_did_not_work_goes_back(settings, mocks):
    mocks.answer("/api/rules/*", {"detail": "the disk is full"}, status=500)

    settings.rule("Smoke").click()

    expect(settings.toast("the disk is full")).to_be_visible()
    expect(settings.rule("Smoke")).to_be_checked()


def test_one_part_that_fails_leaves_the_other_alone(page, home, mocks):
    mocks.answer("/api/rules", {"detail": "no rules today"}, status=503)
    settings = Settings(page)

    settings.open_live()

    expect(settings.panel("Rules").error).to_contain_text("no rules today")
    settings.panel("Household").is_in("ready")
