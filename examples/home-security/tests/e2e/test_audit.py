"""Who did what."""

import pytest
from playwright.sync_api import expect

from page_objects import Audit, Dashboard

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def audit(page, home):
    audit = Audit(page)
    audit.open_live()
    return audit


def test_the_newest_comes_first(audit):
    expect(audit.rows).to_have_count(3)
    expect(audit.rows.first).to_contain_text("alert.acknowledge")


@pytest.mark.parametrize(
    ("action", "count"), [("arming", 2), ("alert", 1), ("entity", 0), ("settings", 0), ("", 3)]
)
def test_by_action(action, count, audit):
    audit.action.select_option(action)

    audit.panel("Entries").is_in("ready" if count else "empty")
    expect(audit.rows).to_have_count(count)


def test_what_somebody_does_now_appears(audit, api):
    api.post("/api/arming", json={"command": "arm_home"})

    expect(audit.rows).to_have_count(4)
    expect(audit.rows.first).to_contain_text("another panel")


def test_a_refusal_stands_out(page, home):
    dashboard = Dashboard(page)
    dashboard.open_live()
    dashboard.press("Arm home")
    expect(dashboard.mode).to_have_text("Armed, at home")
    dashboard.press("Disarm", "0000")
    expect(dashboard.toast("the PIN is wrong")).to_be_visible()

    audit = Audit(page)
    audit.open_live()

    expect(audit.rows.first.locator(".badge.high")).to_have_text("arming.refused")


def test_the_export_is_a_file_with_every_line(audit):
    with audit.page.expect_download() as download:
        audit.export.click()

    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "audit.csv"
    assert lines[0] == "at,actor,action,target"
    assert len(lines) == 4


def test_there_is_no_way_to_change_it(audit):
    expect(audit.page.locator("main").get_by_role("button")).to_have_count(0)
