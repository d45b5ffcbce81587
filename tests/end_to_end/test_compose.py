"""A stack that a project has already: brought up for each worker, healthy when it is handed over."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from processes import wait_for
from real_runs import Project

pytestmark = [pytest.mark.docker, pytest.mark.slow]

CONFIGURED = """
    [project]
    name = "shop"
    version = "1"

    [tool.handrail.services.stack]
    compose = "docker-compose.yml"
    service = "db"
    url-format = "postgresql://shop:secret@{host}:{port}/shop"
    env = { DATABASE_URL = "{url}" }
    """
STACK = """
    version: "3.8"
    services:
      db:
        image: POSTGRES
        environment:
          POSTGRES_USER: shop
          POSTGRES_PASSWORD: secret
          POSTGRES_DB: shop
        volumes: ["data:/var/lib/postgresql/data"]
        ports: ["5432:5432"]
        healthcheck:
          test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "shop"]
          interval: 1s
          retries: 60
      cache:
        image: REDIS
        ports: ["6379:6379"]
    volumes:
      data: {}
    """


@pytest.fixture
def host(docker_daemon: tuple[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode and shutil.which("docker-compose") is None:
        pytest.skip("neither docker compose nor docker-compose is here")
    return docker_daemon


@pytest.fixture
def shop(project: Project, host: tuple[str, dict[str, str]]) -> Iterator[Project]:
    name, images = host
    project.put("pyproject.toml", CONFIGURED)
    stack = STACK.replace("POSTGRES\n", f"{images['postgres']}\n")
    project.put("docker-compose.yml", stack.replace("REDIS\n", f"{images['redis']}\n"))
    project.write(
        test_a="""
        import os, psycopg

        def test_it(services):
            assert os.environ.get("DATABASE_URL", services.stack.url) == services.stack.url
            with psycopg.connect(services.stack.url) as connection:
                connection.execute("CREATE TABLE mine (id int)")
            assert services.stack.host.startswith("127.") and services.stack.port == 5432
        """
    )
    yield project
    wait_for(lambda: not left(name), lambda: f"the removal of {left(name)}")


def left(host: str) -> str:
    """Of our stacks: containers, networks, volumes."""
    asked = (("ps", "--all", "--format", "{{.Names}}"), ("network", "ls", "--format", "{{.Name}}"))
    lists = [*asked, ("volume", "ls", "--format", "{{.Name}}")]
    printed = "".join(
        subprocess.run(
            ["docker", "--host", host, *each], capture_output=True, text=True, check=True
        ).stdout
        for each in lists
    )
    return " ".join(name for name in printed.split() if name.startswith("handrail-s-"))


def test_each_worker_has_a_stack_at_an_address_of_its_own(
    shop: Project, host: tuple[str, dict[str, str]]
) -> None:
    text = (shop.folder / "test_a.py").read_text()
    shop.write(test_b=text)

    run = shop.run("-n", "2", timeout_s=300.0, DOCKER_HOST=host[0])

    assert run.returncode == 0, run.stdout + run.log
    assert len(run.passed) == 2


def test_a_service_that_ends_badly_is_named_with_its_log(
    shop: Project, host: tuple[str, dict[str, str]]
) -> None:
    path = shop.folder / "docker-compose.yml"
    path.write_text(path.read_text().replace("POSTGRES_PASSWORD: secret", "SOMETHING: else"))

    run = shop.run("-n", "1", timeout_s=300.0, DOCKER_HOST=host[0])

    assert run.returncode == 2
    assert "handrail: db has ended with exit code 1" in run.log
    assert "superuser password is not specified" in run.log
