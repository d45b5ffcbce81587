"""What is worth a look."""

import pytest

from home_security.services.health import Device, Health, concerns, overall


def test_a_device_that_is_online_and_charged_is_no_concern():
    assert concerns([Device(name="Door", is_online=True, battery_percent=21)]) == []


def test_a_low_battery_is_named():
    assert concerns([Device(name="Door", is_online=True, battery_percent=20)]) == [
        "Door has 20 % battery"
    ]


def test_of_a_device_that_is_offline_only_that_is_said():
    assert concerns([Device(name="Door", is_online=False, battery_percent=3)]) == [
        "Door is offline"
    ]


def test_a_camera_has_no_battery():
    assert concerns([Device(name="Doorbell", is_online=True)]) == []


@pytest.mark.parametrize(
    ("are_backends_up", "concern_count", "expected"),
    [
        (True, 0, Health.GOOD),
        (True, 2, Health.DEGRADED),
        (False, 0, Health.DOWN),
        (False, 9, Health.DOWN),
    ],
)
def test_one_word_for_the_whole(are_backends_up, concern_count, expected):
    assert overall(are_backends_up=are_backends_up, concern_count=concern_count) is expected
