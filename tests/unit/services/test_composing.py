"""When a stack counts as healthy, and where its service is."""

from typing import Any

import pytest

from handrail.services.composing import place, state


def container(
    service: str = "db", status: str = "running", health: str = "", code: int = 0, **ports: Any
) -> dict[str, Any]:
    published = {
        f"{name.removeprefix('p')}/tcp": [{"HostIp": at[0], "HostPort": at[1]}] if at else None
        for name, at in ports.items()
    }
    now: dict[str, Any] = {"Status": status, "ExitCode": code}
    if health:
        now["Health"] = {"Status": health}
    labels = {"com.docker.compose.service": service}
    return {
        "Config": {"Labels": labels},
        "State": now,
        "NetworkSettings": {"Ports": published},
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (container(), (True, "")),
        (container(health="healthy"), (True, "")),
        (container(health="starting"), (False, "")),
        (container(status="created"), (False, "")),
        (container(status="exited"), (True, "")),
        (container(status="exited", code=3), (False, "db has ended with exit code 3")),
        (container(health="unhealthy"), (False, "db is unhealthy")),
    ],
)
def test_all_are_healthy_or_have_ended_well(
    one: dict[str, Any], expected: tuple[bool, str]
) -> None:
    assert state([container("cache"), one]) == expected


@pytest.mark.parametrize(
    ("ports", "port", "expected"),
    [
        ({"p5432": ("127.64.0.1", "5432")}, 5432, ("127.64.0.1:5432", "")),
        ({"p5432": ("0.0.0.0", "32768")}, 0, ("127.0.0.1:32768", "")),
        ({"p80": ("127.0.0.1", "80"), "p81": ("127.0.0.1", "8081")}, 81, ("127.0.0.1:8081", "")),
        (
            {"p80": ("127.0.0.1", "80"), "p81": ("127.0.0.1", "81")},
            0,
            ("", "db publishes the ports 80, 81: say which (port = ...)"),
        ),
        ({"p5432": None}, 5432, ("", "db publishes no port")),
    ],
)
def test_a_service_is_where_its_port_is_published(
    ports: dict[str, Any], port: int, expected: tuple[str, str]
) -> None:
    assert place([container(**ports)], "db", port) == expected


def test_a_service_that_the_stack_has_not_is_named() -> None:
    assert place([container("web")], "db", 0) == ("", "the stack has no service db")
