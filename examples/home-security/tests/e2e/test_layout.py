"""Every page fits a phone, a tablet and a desktop."""

import pytest
from playwright.sync_api import expect

import page_objects as pages

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate"), pytest.mark.usefixtures("home")]

VIEWPORTS = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 820, "height": 1180},
    "desktop": {"width": 1440, "height": 900},
}


@pytest.fixture(params=VIEWPORTS)
def viewport(request, page):
    page.set_viewport_size(VIEWPORTS[request.param])
    return request.param


@pytest.mark.parametrize("shell", pages.ALL, ids=lambda shell: shell.title)
def test_a_page_fits(shell, viewport, page):
    shown = shell(page)

    shown.open_live()

    expect(shown.heading).to_be_in_viewport()
    expect(page.locator("[data-state=loading]")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for link in shown.navigation.get_by_role("link").all():
        expect(link).to_be_in_viewport(ratio=1)


def test_on_a_phone_panels_are_below_each_other(page):
    page.set_viewport_size(VIEWPORTS["phone"])
    pages.Dashboard(page).open_live()

    boxes = [panel.bounding_box() for panel in page.locator(".panel").all()]

    assert len({box["x"] for box in boxes}) == 1
    assert all(box["width"] > 340 for box in boxes)


def test_on_a_desktop_they_are_side_by_side(page):
    page.set_viewport_size(VIEWPORTS["desktop"])
    pages.Dashboard(page).open_live()

    boxes = [panel.bounding_box() for panel in page.locator(".panel").all()]

    assert len({box["x"] for box in boxes}) == 2


def test_a_wide_table_scrolls_by_itself_on_a_phone(page):
    page.set_viewport_size(VIEWPORTS["phone"])
    pages.Events(page).open_live()
    region = page.get_by_role("region", name="Table of events")

    region.evaluate("table => table.scrollLeft = 1000")

    assert region.evaluate("table => table.scrollLeft") > 0
    assert page.evaluate("scrollX") == 0


def test_buttons_are_large_enough_for_a_finger(page):
    page.set_viewport_size(VIEWPORTS["phone"])
    pages.Alerts(page).open_live()

    for button in page.locator("main button:visible").all():
        assert button.bounding_box()["height"] >= 40
