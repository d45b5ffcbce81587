"""The compose file says what the code expects."""

import shutil
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from voice_agent.settings import Settings
from voice_agent.wire import METHODS

pytestmark = pytest.mark.infrastructure

ROOT = Path(__file__).parents[2]
KINDS = [method.kind for method in METHODS]
OURS = [*KINDS, "gateway"]


@pytest.fixture(scope="module")
def stack():
    """The services of the compose file."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def option(service, name):
    """What the command of a service says after ``name``."""
    return service["command"][service["command"].index(name) + 1]


def test_it_has_the_services_that_the_tests_have(stack):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert set(stack) == set(project["tool"]["handrail"]["services"])


@pytest.mark.parametrize("name", OURS)
def test_every_command_starts_a_module_that_there_is(stack, name):
    python, flag, module, *_ = stack[name]["command"]

    assert (python, flag) == ("python", "-m")
    assert find_spec(f"{module}.__main__")


@pytest.mark.parametrize("name", OURS)
def test_every_environment_is_one_that_the_code_reads(stack, name):
    environ = stack[name]["environment"]

    settings = Settings.of(environ)

    assert set(environ) == {"VOICE_AGENT_REDIS_URL", "VOICE_AGENT_TTL_S"}
    assert settings.redis_url == "redis://redis:6379"


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_is_announced_where_others_reach_it(stack, kind):
    host, _, port = option(stack[kind], "--announce").partition(":")

    assert host == kind
    assert option(stack[kind], "--address") == f"0.0.0.0:{port}"
    assert stack[kind]["expose"] == [port]


def test_no_two_services_have_the_same_port(stack):
    ports = [option(stack[name], "--address").rpartition(":")[2] for name in OURS]

    assert len(set(ports)) == len(ports)


def test_only_the_gateway_can_be_reached_from_outside(stack):
    open_ports = {name: service["ports"] for name, service in stack.items() if "ports" in service}
    port = option(stack["gateway"], "--address").rpartition(":")[2]

    assert open_ports == {"gateway": [f"{port}:{port}"]}


@pytest.mark.parametrize("name", OURS)
def test_nobody_starts_before_redis_is_healthy(stack, name):
    assert stack[name]["depends_on"]["redis"] == {"condition": "service_healthy"}
    assert "healthcheck" in stack["redis"]


def test_the_gateway_starts_after_those_that_it_needs(stack):
    assert set(stack["gateway"]["depends_on"]) == {"redis", *KINDS}


def test_an_announcement_outlives_a_short_break(stack):
    assert Settings.of(stack["gateway"]["environment"]).ttl_s >= 3


def test_the_image_takes_what_is_locked():
    lines = (ROOT / "Dockerfile").read_text()

    assert "--require-hashes -r requirements.lock" in lines


def compose():
    """The compose command of this machine, or None."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(command[0])
            and not subprocess.run(
                [*command, "version"], capture_output=True, check=False
            ).returncode
        ):
            return command
    return None


def test_docker_accepts_it():
    if (command := compose()) is None:
        pytest.skip("neither docker compose nor docker-compose is installed")

    done = subprocess.run(
        [*command, "-f", "compose.yaml", "config", "--services"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {"redis", *OURS}
