"""Every page says when it loads, when there is nothing, and when something went wrong."""

import pytest
from playwright.sync_api import expect

import page_objects as pages

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate"), pytest.mark.usefixtures("home")]

OVERVIEW = {
    "name": "Home", "mode": "disarmed", "open_alerts": 0, "worst": None, "zones": [],
    "per_hour": [0] * 24, "recent": [],
}  # fmt: skip
DAY = {"day": "2026-03-01", "total": 0, "busiest_hour": None, "per_hour": [0] * 24, "hours": []}
SYSTEM = {
    "version": "1", "health": "good", "database_ms": 1, "redis_ms": 1, "listeners": 0,
    "concerns": [], "sensors": [], "cameras": [],
}  # fmt: skip

# Each page: the panel to look at, what it asks, the answer when there is nothing, what it says then.
CASES = [
    (pages.Dashboard, "Live feed", "/api/overview", OVERVIEW, "All quiet."),
    (pages.Timeline, None, "/api/timeline", DAY, "Nothing happened on this day."),
    (pages.Events, "Events found", "/api/events", {"items": [], "total": 0, "offset": 0, "limit": 20}, "No event matches."),
    (pages.Alerts, "Alerts found", "/api/alerts", [], "Nothing here."),
    (pages.Entities, "Known", "/api/entities", [], "Nobody is known yet."),
    (pages.Audit, "Entries", "/api/audit", [], "No entries."),
    (pages.System, "Sensors", "/api/system", SYSTEM, "No sensors yet."),
    (pages.Settings, "Rules", "/api/rules", [], "No rules yet."),
]  # fmt: skip
IDS = [case[0].title for case in CASES]


@pytest.fixture(params=CASES, ids=IDS)
def case(request):
    return request.param


@pytest.fixture
def shell(case, page):
    return case[0](page)


@pytest.fixture
def panel(case, shell):
    """The panel; the timeline names its only one after the day."""
    return shell.panel(case[1]) if case[1] else pages.Panel(shell.page.locator("#day-panel"))


def test_while_it_loads_it_says_so(case, shell, panel, mocks):
    held = mocks.hold(case[2])
    shell.open()
    held.wait_for(1)
    panel.is_in("loading")
    expect(panel.root).to_have_attribute("aria-busy", "true")
    expect(panel.root.locator(".bone").first).to_be_visible()

    held.release()

    panel.is_in("ready")
    expect(panel.root).to_have_attribute("aria-busy", "false")


def test_when_there_is_nothing_it_says_so(case, shell, panel, mocks):
    mocks.answer(case[2], case[3])

    shell.open()

    panel.is_in("empty")
    expect(panel.root.get_by_text(case[4])).to_be_visible()


def test_a_failure_is_told_in_the_words_of_the_system(case, shell, panel, mocks):
    mocks.answer(case[2], {"detail": "the disk is full"}, status=500)

    shell.open()

    panel.is_in("error")
    expect(panel.error).to_contain_text("the disk is full")


def test_without_a_network_it_says_so(case, shell, panel, mocks):
    mocks.cut(case[2])

    shell.open()

    expect(panel.error).to_contain_text("The system cannot be reached.")


def test_an_answer_of_somebody_else_is_not_shown(case, shell, panel, mocks):
    mocks.say(case[2], "<h1>Bad gateway</h1>", status=502)

    shell.open()

    expect(panel.error).to_contain_text("an answer that is none (502)")
    expect(shell.page.get_by_text("Bad gateway")).to_have_count(0)


def test_trying_again_helps_once_it_works_again(case, shell, panel, mocks):
    mocks.cut(case[2])
    shell.open_live()  # it has asked twice: what is tried again from now on is our click
    panel.is_in("error")

    mocks.forget()
    panel.retry.click()

    panel.is_in("ready")
    expect(panel.error).to_be_hidden()
