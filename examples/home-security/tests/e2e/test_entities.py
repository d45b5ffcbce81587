"""Who and what the home knows."""

import pytest
from playwright.sync_api import expect

from page_objects import Entities

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def entities(page, home):
    entities = Entities(page)
    entities.open_live()
    return entities


def test_they_are_listed_by_name(entities):
    expect(entities.cards.get_by_role("heading")).to_have_text(
        ["Ada", "Biscuit", "Blue van", "Grace"]
    )


def test_somebody_new_is_added(entities):
    entities.add("Mallory", "person", "The new neighbour.", is_trusted=True)

    expect(entities.toast("Mallory is known now.")).to_be_visible()
    expect(entities.card("Mallory")).to_contain_text("The new neighbour.")
    expect(entities.card("Mallory").locator(".badges")).to_have_text("persontrusted")


def test_the_form_is_empty_afterwards(entities):
    entities.add("Mallory", "pet", "x", is_trusted=True)

    expect(entities.card("Mallory")).to_be_visible()
    expect(entities.name).to_have_value("")
    expect(entities.kind).to_have_value("person")
    expect(entities.trusted).not_to_be_checked()


@pytest.mark.parametrize("name", ["", "   "])
def test_without_a_name_nothing_is_sent(name, entities):
    entities.add(name)

    expect(entities.name).to_have_accessible_description("Give a name.")
    expect(entities.name).to_be_focused()
    expect(entities.cards).to_have_count(4)


def test_the_complaint_goes_when_it_is_right(entities):
    entities.add("")
    expect(entities.name).to_have_attribute("aria-invalid", "true")

    entities.add("Eve")

    expect(entities.name).to_have_attribute("aria-invalid", "false")
    expect(entities.name).to_have_accessible_description("Up to 80 characters.")


def test_a_name_that_is_taken_is_told_and_the_form_is_kept(entities):
    entities.add("Ada", note="Another Ada.")

    expect(entities.toast("Ada is known already")).to_be_visible()
    expect(entities.note).to_have_value("Another Ada.")


def test_a_name_cannot_be_too_long(entities):
    entities.name.press_sequentially("x" * 85)

    expect(entities.name).to_have_value("x" * 80)


def test_trust_is_given_and_taken(entities):
    van = entities.card("Blue van")
    van.get_by_role("button", name="Trust", exact=True).click()
    expect(entities.toast("Blue van is trusted now.")).to_be_visible()
    expect(van.get_by_role("button", name="Distrust")).to_be_visible()

    van.get_by_role("button", name="Distrust").click()

    expect(entities.toast("Blue van is not trusted now.")).to_be_visible()


def test_whoever_is_forgotten_is_gone(entities):
    entities.page.on("dialog", lambda dialog: dialog.accept())

    entities.card("Blue van").get_by_role("button", name="Forget").click()

    expect(entities.toast("Blue van is forgotten.")).to_be_visible()
    expect(entities.cards).to_have_count(3)


def test_nobody_is_forgotten_by_mistake(entities):
    asked = []
    entities.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))

    entities.card("Ada").get_by_role("button", name="Forget").click()

    assert asked == ["Forget Ada?"]
    expect(entities.card("Ada")).to_be_visible()


def test_a_name_with_markup_is_text(entities):
    entities.add("<i>Eve</i>")

    expect(entities.card("<i>Eve</i>")).to_be_visible()
    expect(entities.cards.locator("i")).to_have_count(0)


def test_a_failure_is_told_and_everything_stays(entities, mocks):
    mocks.answer("/api/entities/*", {"detail": "the disk is full"}, status=500)

    entities.card("Ada").get_by_role("button", name="Distrust").click()

    expect(entities.toast("the disk is full")).to_be_visible()
    expect(entities.card("Ada").get_by_role("button", name="Distrust")).to_be_enabled()


def test_every_mistake_that_the_system_finds_is_named(entities, mocks):
    detail = [
        {"loc": ["body", "name"], "msg": "too long"},
        {"loc": ["body", "note"], "msg": "rude"},
    ]
    mocks.answer("/api/entities", {"detail": detail}, status=422)

    entities.add("Eve")

    expect(entities.toast("name: too long; note: rude")).to_be_visible()
