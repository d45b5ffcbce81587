"""A Postgres or Redis that somebody else runs is used as far as its owner allows, and left as it was."""

import os
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from processes import wait_for
from real_runs import Project

from handrail.model.tiers import Service
from handrail.services.backends import Native
from handrail.services.fleet import Fleet
from handrail.services.isolate.postgres import Postgres
from handrail.services.recipes.all import RECIPES
from handrail.services.snapshots import Snapshots

pytestmark = pytest.mark.slow

COUNT = "SELECT count(*) FROM users"
ADD = "INSERT INTO users DEFAULT VALUES"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Fleet]:
    """A Postgres with a role ``app`` (password: secret), and a Redis."""
    native = Native(os.environ)
    services = {name: Service(name=name) for name in ("postgres", "redis")}
    fleet = Fleet(services, RECIPES, (native,))
    folder = tmp_path_factory.mktemp("snapshots")
    postgres = Postgres(fleet, services["postgres"], native, Snapshots(folder, print), folder)
    with psycopg.connect(postgres.server().url, autocommit=True) as admin:
        admin.execute("CREATE ROLE app LOGIN PASSWORD 'secret' CREATEDB")
        ((hba,),) = admin.execute("SHOW hba_file").fetchall()
        Path(hba).write_text("host all app all scram-sha-256\nhost all all all trust\n")
        admin.execute("SELECT pg_reload_conf()")
    yield fleet
    fleet.close()


@pytest.fixture
def admin(servers: Fleet) -> Generator["psycopg.Connection[tuple[str, ...]]"]:
    with psycopg.connect(servers.get("postgres").url, autocommit=True) as connection:
        connection.execute("ALTER ROLE app CREATEDB")
        connection.execute("DROP DATABASE IF EXISTS shop")
        connection.execute("CREATE DATABASE shop OWNER app")
        yield connection


@pytest.fixture
def url(servers: Fleet, admin: object) -> str:
    """Of a database with a table of users, none in it."""
    parts = urlsplit(servers.get("postgres").url)
    found = f"postgresql://app:secret@{parts.hostname}:{parts.port}/shop"
    with psycopg.connect(found) as connection:
        connection.execute("CREATE TABLE users (id serial)")
    return found


@pytest.fixture
def shop(project: Project, url: str) -> Project:
    configure(project, url)
    return project


def configure(project: Project, url: str, *lines: str) -> None:
    table = ["[tool.handrail.services.postgres]", f'url = "{url}"', *lines, ""]
    project.put("pyproject.toml", "\n".join(table))


def databases(admin: "psycopg.Connection[tuple[str, ...]]") -> list[str]:
    found = admin.execute(
        "SELECT datname FROM pg_database WHERE datname <> 'shop' AND datdba = 'app'::regrole"
    )
    return [name for (name,) in found.fetchall()]


ALONE = f"""
    def test_nobody_was_here_before(postgres):
        with postgres.connect() as connection:
            assert connection.execute("{COUNT}").fetchone() == (0,)
            connection.execute("{ADD}")

    def test_what_is_committed_stays_for_the_module(postgres):
        with postgres.connect() as connection:
            assert connection.execute("{COUNT}").fetchone() == (1,)
    """


def test_modules_have_copies_of_the_database_that_the_url_names(
    shop: Project, admin: "psycopg.Connection[tuple[str, ...]]", url: str
) -> None:
    shop.write(test_a=ALONE, test_b=ALONE, test_c=ALONE)

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 6
    assert databases(admin) == []
    with psycopg.connect(url) as connection:
        assert connection.execute(COUNT).fetchone() == (0,)


def test_a_template_is_filled_in_a_copy(
    project: Project, admin: "psycopg.Connection[tuple[str, ...]]", url: str
) -> None:
    configure(project, url, 'template = "more.sql"')
    project.put("more.sql", "CREATE TABLE orders (id serial)")
    project.write(
        test_a="""
        def test_it(postgres):
            with postgres.connect() as connection:
                assert connection.execute("SELECT count(*) FROM orders, users").fetchone() == (0,)
        """
    )

    run = project.run()

    assert run.returncode == 0, run.stdout
    assert databases(admin) == []
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('orders')").fetchone() == (None,)


def test_what_a_killed_worker_left_is_dropped_by_the_next(
    shop: Project, admin: "psycopg.Connection[tuple[str, ...]]"
) -> None:
    shop.write(
        test_a="""
        import os, signal

        def test_it(postgres):
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    shop.run()
    assert databases(admin)
    shop.write(test_a=ALONE)

    run = shop.run()

    assert run.returncode == 0, run.stdout
    assert databases(admin) == []


def test_who_may_not_create_databases_is_told_what_to_do(
    shop: Project, admin: "psycopg.Connection[tuple[str, ...]]"
) -> None:
    admin.execute("ALTER ROLE app NOCREATEDB")
    shop.write(test_a=ALONE)

    run = shop.run()

    assert run.returncode == 2, run.stdout
    (failure,) = run.report["failures"]
    assert failure["message"] == (
        "error: postgres cannot copy the database shop [no-clone]\n"
        "  permission denied to create database\n\n"
        "hint: let that user (ALTER ROLE ... CREATEDB), or set "
        'tool.handrail.services.postgres.isolation = "truncate"'
    )


def test_truncating_does_without_databases_and_one_module_waits_for_the_other(
    project: Project, admin: "psycopg.Connection[tuple[str, ...]]", url: str
) -> None:
    admin.execute("ALTER ROLE app NOCREATEDB")
    configure(project, url, 'isolation = "truncate"')
    project.write(test_a=ALONE, test_b=ALONE, test_c=ALONE)

    run = project.run()

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == 6
    with psycopg.connect(url) as connection:
        assert connection.execute(COUNT).fetchone() == (0,)


def test_a_database_that_somebody_is_connected_to_cannot_be_copied(shop: Project, url: str) -> None:
    shop.write(test_a=ALONE)

    with psycopg.connect(url):
        run = shop.run()

    (failure,) = run.report["failures"]
    assert failure["message"] == (
        "error: postgres cannot copy the database shop [no-clone]\n"
        '  source database "shop" is being accessed by other users\n'
        "  There is 1 other session using the database.\n\n"
        "hint: end those sessions, or name a database that nobody uses"
    )


def test_nobody_has_a_server_of_ones_own(shop: Project) -> None:
    shop.write(
        test_a="""
        import pytest

        @pytest.mark.isolation("server")
        def test_it(postgres): ...
        """
    )

    run = shop.run()

    (failure,) = run.report["failures"]
    assert failure["message"] == (
        "error: postgres runs at a URL, so nobody can have a server of it [not-ours]\n"
        "  tool.handrail.services.postgres.url is set\n\n"
        'hint: use isolation("clone"), or leave the URL out'
    )


def test_a_password_that_is_wrong_is_not_shown(project: Project, url: str) -> None:
    configure(project, url.replace("secret", "hunter2"))
    project.write(test_a="def test_it(postgres): ...")

    run = project.run()

    assert run.returncode == 2, run.stdout
    assert "hunter2" not in run.stdout
    (failure,) = run.report["failures"]
    message = failure["message"].splitlines()
    assert message[0] == "error: postgres does not answer [service-unreachable]"
    assert message[1] == f"  {url.replace('app:secret', 'app:***').replace('/shop', '/postgres')}"
    assert 'password authentication failed for user "app"' in message[2]
    assert message[-1] == "hint: start it, or correct tool.handrail.services.postgres.url"


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_a_url_that_refuses_connections(project: Project, service: str) -> None:
    project.put(
        "pyproject.toml",
        f'[tool.handrail.services.{service}]\nurl = "{service}://app:hunter2@127.0.0.1:1/0"\n',
    )
    project.write(test_a=f"def test_it({service}): ...")

    run = project.run()

    assert run.returncode == 2, run.stdout
    (failure,) = run.report["failures"]
    assert failure["message"] == (
        f"error: {service} does not answer [service-unreachable]\n"
        f"  {service}://app:***@127.0.0.1:1/0\n"
        "  Connection refused\n\n"
        f"hint: start it, or correct tool.handrail.services.{service}.url"
    )
    assert "hunter2" not in run.stdout


def test_of_a_redis_only_the_database_that_the_url_names_is_emptied(
    project: Project, servers: Fleet
) -> None:
    import redis

    url = servers.get("redis").url
    somebodys = redis.Redis.from_url(url)
    somebodys.set("name", "ann")
    project.put("pyproject.toml", f'[tool.handrail.services.redis]\nurl = "{url[:-1]}3"\n')
    project.write(
        test_a="""
        import pytest

        @pytest.mark.parametrize("turn", range(2))
        def test_it(redis, turn):
            assert redis.dbsize() == 0
            redis.set("name", "bob")
        """
    )

    run = project.run()

    assert run.returncode == 0, run.stdout
    assert somebodys.get("name") == b"ann"
    wait_for(lambda: redis.Redis.from_url(f"{url[:-1]}3").dbsize() == 0, "an empty database")
    somebodys.close()
