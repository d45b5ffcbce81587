"""From every page to every other, and back."""

import pytest
from playwright.sync_api import expect

import page_objects as pages

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate"), pytest.mark.usefixtures("home")]


@pytest.mark.parametrize("target", pages.ALL, ids=lambda shell: shell.title)
def test_a_page_is_one_click_away(target, page):
    start = pages.System if target is pages.Dashboard else pages.Dashboard
    start(page).open()

    start(page).navigation.get_by_role("link", name=target.title, exact=True).click()

    expect(page).to_have_title(f"{target.title} · Home security")
    expect(target(page).heading).to_have_text(target.title)


@pytest.mark.parametrize("shell", pages.ALL, ids=lambda shell: shell.title)
def test_a_page_says_where_one_is(shell, page):
    shell(page).open()

    current = page.locator("nav [aria-current=page]")
    expect(current).to_have_count(1)
    expect(current).to_have_text(shell.title)


def test_the_brand_leads_home(page):
    pages.Audit(page).open()

    page.get_by_role("link", name="Home security").click()

    expect(pages.Dashboard(page).heading).to_have_text("Dashboard")


def test_back_is_back(page):
    pages.Dashboard(page).open()
    pages.Events(page).open()

    page.go_back()

    expect(pages.Dashboard(page).heading).to_have_text("Dashboard")


def test_the_dark_theme_is_remembered_on_the_next_page(page):
    page.emulate_media(color_scheme="light")
    dashboard = pages.Dashboard(page)
    dashboard.open_live()
    expect(dashboard.theme).to_have_attribute("aria-pressed", "false")

    dashboard.theme.click()
    pages.Alerts(page).open()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(dashboard.theme).to_have_attribute("aria-pressed", "true")


def test_without_a_choice_the_theme_is_that_of_the_system(page):
    page.emulate_media(color_scheme="dark")

    pages.Dashboard(page).open()

    expect(pages.Dashboard(page).theme).to_have_attribute("aria-pressed", "true")
