"""What Docker refuses, word by word, and what it is told to start."""

from pathlib import Path

import pytest

from handrail.model.tiers import Service
from handrail.services.backends import NoBackendError, choose
from handrail.services.compose import Compose
from handrail.services.docker import Docker, image_of, reason
from handrail.services.recipe import Place
from handrail.services.recipes.all import RECIPES

POSTGRES = RECIPES["postgres"]


def program(folder: Path, script: str) -> dict[str, str]:
    """An environment whose ``docker`` is that script."""
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def refusal(environ: dict[str, str], **settings: str) -> str:
    service = Service(name="postgres", backend="docker", **settings)
    return Docker(environ, lambda _: None).refusal(service, POSTGRES)


def test_no_program() -> None:
    assert refusal({"PATH": "/nowhere"}) == "no docker on PATH"


def test_no_daemon(tmp_path: Path) -> None:
    said = (
        "Cannot connect to the Docker daemon at unix:///run/x.sock. Is the docker daemon running?"
    )
    environ = program(tmp_path, f"echo '{said}' >&2; exit 1")

    assert refusal(environ) == "its daemon does not run (unix:///run/x.sock)"


def test_a_daemon_of_another_machine(tmp_path: Path) -> None:
    environ = program(tmp_path, "exit 1") | {"DOCKER_HOST": "tcp://docker:2375"}

    assert (
        refusal(environ)
        == "its daemon is on another machine (tcp://docker:2375), where ports are not ours"
    )


def test_no_permission() -> None:
    assert (
        reason("permission denied while trying to connect to the Docker daemon socket")
        == "its daemon may not be used by this user (permission denied)"
    )


def test_an_image_that_cannot_be_pulled_is_asked_for_once_and_named(tmp_path: Path) -> None:
    environ = program(
        tmp_path,
        f"""echo "$1" >> {tmp_path}/asked
        case "$1" in
        image) echo 'Error: No such image: postgres:99' >&2;;
        pull) echo 'Error response from daemon: no such host' >&2;;
        esac
        exit 1""",
    )
    said: list[str] = []
    docker = Docker(environ, said.append)
    service = Service(name="postgres", image="postgres:99")

    whys = [docker.refusal(service, POSTGRES) for _ in range(3)]

    assert len(set(whys)) == 1
    assert whys[0] == (
        "the image postgres:99 is not here and cannot be pulled: "
        "Error response from daemon: no such host"
    )
    assert said == ["docker pulls the image postgres:99, which is not here"]
    assert (tmp_path / "asked").read_text().split() == ["image", "pull"]


def test_the_whole_error_names_every_way_that_was_tried() -> None:
    service = Service(name="postgres", backend="docker")

    with pytest.raises(NoBackendError) as caught:
        choose(service, POSTGRES, [Docker({"PATH": "/nowhere"}, lambda _: None)])

    assert str(caught.value) == (
        "error: nothing here can start postgres [no-backend]\n"
        "  docker: no docker on PATH\n\n"
        "hint: pip install 'handrail[postgres]', install the server, or set "
        "tool.handrail.services.postgres.url"
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "postgres:16-alpine"),
        ({"version": "14"}, "postgres:14-alpine"),
        ({"version": "14", "image": "registry/own:3"}, "registry/own:3"),
    ],
)
def test_the_image_is_the_configured_one_or_the_usual_one_of_the_version(
    settings: dict[str, str], expected: str
) -> None:
    assert image_of(Service(name="postgres", **settings), POSTGRES) == expected


def test_a_container_is_published_at_its_place_with_its_volumes_in_memory(tmp_path: Path) -> None:
    environ = program(
        tmp_path, 'case "$1" in image) echo \'{"/var/lib/postgresql/data":{}}\';; esac'
    )
    docker = Docker(environ, lambda _: None)
    folder = str(tmp_path / "s-1" / "postgres")
    place = Place(name="postgres", folder=folder, host="127.64.0.9", port=5433)
    service = Service(name="postgres", memory_bytes=1 << 30)

    start = docker.order(service, POSTGRES, place)

    line = " ".join(start.argv)
    assert line.startswith(f"{tmp_path}/docker run --pull never --name handrail-s-1-postgres ")
    assert f"--label handrail.session={tmp_path}/s-1 " in line
    assert "--publish 127.64.0.9:5433:5432 " in line
    assert "--tmpfs /var/lib/postgresql/data " in line
    assert "--env POSTGRES_HOST_AUTH_METHOD=trust " in line
    assert "--memory 1073741824 postgres:16-alpine postgres -c fsync=off " in line
    assert start.undo[1:] == ("rm", "--force", "--volumes", "handrail-s-1-postgres")
    assert (start.address.host, start.address.port) == ("127.64.0.9", 5433)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "it is not said which service of stack.yml is meant (service = ...)"),
        ({"service": "db"}, "there is no file stack.yml"),
    ],
)
def test_a_stack_that_is_not_said_completely(
    settings: dict[str, str], why: str, tmp_path: Path
) -> None:
    service = Service(name="postgres", compose="stack.yml", **settings)

    assert Compose({"PATH": "/nowhere"}, tmp_path).refusal(service, POSTGRES) == why


def test_a_stack_without_docker(tmp_path: Path) -> None:
    (tmp_path / "stack.yml").write_text("services: {}")
    service = Service(name="postgres", compose="stack.yml", service="db")

    assert Compose({"PATH": "/nowhere"}, tmp_path).refusal(service, POSTGRES) == "no docker on PATH"
