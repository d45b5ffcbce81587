"""How the parts are doing."""

import re

import pytest
from playwright.sync_api import expect

from page_objects import System

pytestmark = [pytest.mark.e2e, pytest.mark.isolation("truncate")]


@pytest.fixture
def system(page, home):
    system = System(page)
    system.open_live()
    return system


def test_what_needs_somebody_is_named(system):
    expect(system.health).to_have_text("Something needs attention")
    expect(system.concerns).to_have_text(
        [" Hall motion sensor has 12 % battery", " Garage camera is offline"]
    )


def test_every_sensor_has_its_zone_and_battery(system):
    expect(system.sensors).to_have_count(6)
    expect(system.sensors.first).to_contain_text("Front door contact")
    expect(system.sensors.first.get_by_role("meter")).to_have_attribute("value", "87")


def test_every_camera_is_there_and_one_is_offline(system):
    expect(system.cameras).to_have_count(3)
    expect(system.cameras.filter(has_text="offline")).to_have_text(re.compile("Garage camera"))


def test_the_backends_are_timed(system):
    expect(system.redis).to_have_text(re.compile(r"^[\d.]+ ms$"))


def test_another_panel_that_listens_is_counted(system, new_context):
    other = System(new_context().new_page())

    other.open_live()

    expect(other.listeners).to_have_text("2")


def test_with_everything_well_nothing_needs_anybody(page, home, database):
    home.zones[2].sensors[0].battery_percent = 90
    home.zones[3].cameras[1].is_online = True
    database.commit()
    system = System(page)

    system.open_live()

    expect(system.health).to_have_text("All systems good")
    system.panel("Worth a look").is_in("empty")


def test_a_door_that_opens_is_shown_at_once(system, api, home):
    zone = home.zones[0]

    api.post(
        "/api/events", json={"zone_id": zone.id, "kind": "opened", "sensor_id": zone.sensors[0].id}
    )

    expect(system.sensors.first.locator(".badge")).to_have_text("open")


def test_a_backend_that_is_down_is_named(page, home, mocks):
    answer = {
        "version": "1", "health": "down", "database_ms": 1.5, "redis_ms": None, "listeners": 0,
        "concerns": [], "sensors": [], "cameras": [],
    }  # fmt: skip
    mocks.answer("/api/system", answer)
    system = System(page)

    system.open()

    expect(system.health).to_have_text("A backend does not answer")
    expect(system.redis).to_have_text("no answer")
