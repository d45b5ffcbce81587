"""Generated projects whose tests use services, one for each way to have them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCHEMA = "\n".join(
    f"CREATE TABLE table_{number} (id serial PRIMARY KEY, name text);" for number in range(30)
)
RECORD = "durations.ndjson"
_RECORDER = f"""
import json

def pytest_runtest_logreport(report):
    line = json.dumps([report.nodeid, report.when, report.duration, report.outcome])
    with open("{RECORD}", "a") as file:
        file.write(line + "\\n")
"""
_OURS = """
[tool.handrail]
services-folder = "{homes}"
[tool.handrail.services.postgres]
template = "schema.sql"
[tool.handrail.services.redis]
"""
_COUNT = "SELECT count(*) FROM table_1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Seconds of set-up and teardown, by test, in the order in which they ran."""

    setup: dict[str, float]
    teardown: dict[str, float]
    passed: int


def write(folder: Path, homes: Path, modules: dict[str, str], conftest: str = "") -> None:
    """A project of these modules, each a body by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(_OURS.format(homes=homes))
    (folder / "schema.sql").write_text(SCHEMA)
    (folder / "conftest.py").write_text(_RECORDER + conftest)
    for name, body in modules.items():
        (folder / f"test_{name}.py").write_text(body)


def ours(fixture: str, tests: int) -> str:
    """A module whose tests ask for one of our fixtures."""
    uses = {
        "postgres": f'    with postgres.connect() as c:\n        c.execute("{_COUNT}")\n',
        "postgres_session": f'    postgres_session.execute(text("{_COUNT}"))\n',
        "redis": "    assert redis.dbsize() == 0\n",
    }
    head = "from sqlalchemy import text\n" if fixture == "postgres_session" else ""
    return head + "".join(
        f"def test_{n}({fixture}):\n{uses.get(fixture, '    pass')}" for n in range(tests)
    )


def both(tests: int) -> str:
    """A module whose tests use Postgres and Redis, and fail if somebody else was there."""
    body = (
        "    with postgres.connect() as c:\n"
        f'        assert c.execute("{_COUNT}").fetchone() == (turn,)\n'
        '        c.execute("INSERT INTO table_1 DEFAULT VALUES")\n'
        "    assert redis.dbsize() == 0\n"
        "    redis.set('name', 'ann')\n"
    )
    head = "import pytest\n\n@pytest.mark.parametrize('turn', range({tests}))\n"
    return head.format(tests=tests) + f"def test_it(postgres, redis, turn):\n{body}"


def bare(tests: int) -> str:
    """The same number of tests, of nothing."""
    return "".join(f"def test_{n}():\n    pass\n" for n in range(tests))


def pytest_postgresql(tests: int) -> str:
    """A module whose tests ask for the connection of pytest-postgresql."""
    return "".join(
        f'def test_{n}(postgresql):\n    postgresql.execute("{_COUNT}")\n' for n in range(tests)
    )


PEER = """
from pathlib import Path
from pytest_postgresql import factories

postgresql_proc = factories.postgresql_proc(load=[Path("schema.sql")])
postgresql = factories.postgresql("postgresql_proc")
"""


def durations(folder: Path) -> Durations:
    """What the last run in that folder recorded; the record is removed."""
    path = folder / RECORD
    setup, teardown, passed = {}, {}, 0
    for line in path.read_text().splitlines():
        test, when, seconds, outcome = json.loads(line)
        if when == "setup":
            setup[test] = seconds
        elif when == "teardown":
            teardown[test] = seconds
        else:
            passed += outcome == "passed"
    path.unlink()
    return Durations(setup=setup, teardown=teardown, passed=passed)


# In containers.

NATIVE = """
[tool.handrail.services.postgres]
template = "schema.sql"
[tool.handrail.services.redis]
"""
_DOCKER = """
[tool.handrail.services.postgres]
backend = "docker"
image = "{postgres}"
template = "schema.sql"
[tool.handrail.services.redis]
backend = "docker"
image = "{redis}"
"""
_PEER_TEST = f"""
import psycopg
import pytest

@pytest.mark.parametrize("turn", range({{tests}}))
def test_it(database, cache, turn):
    with psycopg.connect(database) as c:
        assert c.execute("{_COUNT}").fetchone() == (turn,)
        c.execute("INSERT INTO table_1 DEFAULT VALUES")
    assert cache.dbsize() == 0
    cache.set("name", "ann")
"""
_TESTCONTAINERS = """
from pathlib import Path

import psycopg
import pytest
from testcontainers.postgres import PostgresContainer
from testcontainers.redis import RedisContainer

@pytest.fixture(scope="module")
def database():
    with PostgresContainer("{postgres}", driver=None) as container:
        with psycopg.connect(container.get_connection_url()) as c:
            c.execute(Path("schema.sql").read_text())
        yield container.get_connection_url()

@pytest.fixture(scope="module")
def server():
    with RedisContainer("{redis}") as container:
        yield container.get_client()

@pytest.fixture
def cache(server):
    server.flushall()
    return server
"""
_PYTEST_DATABASES = """
from pathlib import Path

import psycopg
import pytest
import redis

@pytest.fixture(scope="session")
def postgres_image():
    return "{postgres}"

@pytest.fixture(scope="session")
def redis_image():
    return "{redis}"

@pytest.fixture(scope="module")
def database(postgres_service):
    it = postgres_service
    url = f"postgresql://{{it.user}}:{{it.password}}@{{it.host}}:{{it.port}}/{{it.database}}"
    with psycopg.connect(url) as c:
        c.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        c.execute(Path("schema.sql").read_text())
    return url

@pytest.fixture
def cache(redis_service):
    it = redis_service
    with redis.Redis(it.host, it.port, it.db) as client:
        client.flushdb()
        yield client
"""
PYTEST_DATABASES = tuple(
    word
    for name in ("_service", "docker.postgres", "docker.redis")
    for word in ("-p", f"pytest_databases.{name}")
)


def docker(images: Mapping[str, str]) -> str:
    """The configuration of both services in containers of these images, by service."""
    return _DOCKER.format(**images)


def both_by_url(tests: int) -> str:
    """As ``both``, with fixtures that a peer's conftest has."""
    return _PEER_TEST.format(tests=tests)


def testcontainers(images: Mapping[str, str]) -> str:
    """A conftest: containers of its own for each module."""
    return _TESTCONTAINERS.format(**images)


def pytest_databases(images: Mapping[str, str]) -> str:
    """A conftest: two containers for all, emptied for each module."""
    return _PYTEST_DATABASES.format(**images)
