"""What every recipe promises on every back end: said once, tried with all that this machine has."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for
from service_clients import CLIENTS, Client
from service_lab import COMBINATIONS, LASTING, RESETTABLE, Combination, ServiceLab

from handrail.model.services import Level
from handrail.services.supervision import ServiceNotReadyError

pytestmark = pytest.mark.slow


@pytest.fixture(params=COMBINATIONS, ids=str)
def combination(request: pytest.FixtureRequest) -> Combination:
    found: Combination = request.param
    why = found.refusal()
    if why:
        pytest.skip(f"{found}: {why}")
    return found


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, as in life: a data folder is made once."""
    return tmp_path_factory.mktemp("snapshots")


@pytest.fixture
def lab(combination: Combination, snapshots: Path) -> Iterator[ServiceLab]:
    lab = ServiceLab(combination, snapshots)
    yield lab
    lab.remove()


@pytest.fixture
def client(combination: Combination) -> Client:
    return CLIENTS[combination.service]


def test_it_is_ready_when_it_is_handed_over(lab: ServiceLab, client: Client) -> None:
    with lab.own() as (url, _):
        client.put(url, "first")

        assert "first" in client.values(url)


def test_nobody_sees_what_somebody_else_has(lab: ServiceLab, client: Client) -> None:
    with lab.own() as (mine, _), lab.own() as (yours, _):
        client.put(mine, "mine")
        client.put(yours, "yours")

        assert mine != yours
        assert client.values(mine) == {"mine"}
        assert client.values(yours) == {"yours"}


def test_who_comes_later_finds_nothing(lab: ServiceLab, client: Client) -> None:
    for _ in range(3):
        with lab.own() as (url, _):
            assert client.values(url) == set()
            client.put(url, "kept")


def test_what_is_shared_is_emptied(lab: ServiceLab, client: Client) -> None:
    if lab.combination.service not in RESETTABLE:
        pytest.skip(f"{lab.combination.service} cannot be emptied: a new server is taken")
    seen = []
    for _ in range(3):
        with lab.own(Level.TRUNCATE) as (url, _):
            seen.append(url)
            assert client.values(url) == set()
            client.put(url, "kept")
            assert client.values(url) == {"kept"}

    assert len(set(seen)) == 1


def test_a_server_of_ones_own_is_nobody_elses(lab: ServiceLab, client: Client) -> None:
    with lab.own(Level.SERVER) as (mine, one), lab.own(Level.SERVER) as (yours, other):
        assert one.running is not None
        assert other.running is not None
        assert one.running.pid != other.running.pid
        client.put(mine, "mine")

        assert client.values(yours) == set()


def test_the_error_has_the_command_and_the_end_of_the_log(lab: ServiceLab) -> None:
    fleet = lab.broken("--no-such-option")

    with pytest.raises(ServiceNotReadyError) as caught:
        fleet.get(lab.combination.service)
    fleet.close()

    command, *log = caught.value.where.splitlines()
    assert command.startswith("command: /")
    assert command.endswith("--no-such-option")
    assert "".join(log).strip(), "the log is missing"
    assert "ended with exit code" in caught.value.what


def test_a_server_that_is_stopped_is_gone(lab: ServiceLab) -> None:
    with lab.own(Level.SERVER) as (_, server):
        assert server.running is not None
        pid = server.running.pid
        assert pid in lab.residents()

    assert pid not in lab.residents()
    assert not Path(f"/proc/{pid}").exists()
    assert not (lab.fleet.supervision.folder / server.name).exists()


def test_a_server_that_was_killed_is_started_again(lab: ServiceLab, client: Client) -> None:
    lab.isolation.server()
    with lab.own(Level.TRUNCATE) as (url, server):
        client.put(url, "before")
        assert server.running is not None
        os.kill(server.running.pid, signal.SIGKILL)

        losses = wait_for(lab.fleet.losses, "the loss to be noticed")
        assert [each.server.name for each in losses] == [server.name]
        assert losses[0].why == "ended by signal 9"
        if lab.combination.service == "postgres":
            lab.isolation.lost(server.name)
        again = lab.fleet.revive(server.name)

        url = url if again.url == server.url else url.replace(server.url, again.url)
        assert client.values(url) == ({"before"} if lab.combination.service in LASTING else set())
        client.put(url, "after")
        assert "after" in client.values(url)


def test_nothing_is_left(lab: ServiceLab, client: Client) -> None:
    with lab.own() as (url, _):
        client.put(url, "kept")
        assert lab.residents()

    lab.close()

    assert lab.residents() == set()
    assert list(lab.base.iterdir()) == []
