"""Services in containers: the same fixtures, one container for each worker, none left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import wait_for
from real_runs import Project

from handrail.services.docker import SESSION, sweep
from handrail.services.sessions import base_folder
from handrail.services.sessions import sweep as sweep_sessions

pytestmark = [pytest.mark.docker, pytest.mark.slow]

COUNT = "SELECT count(*) FROM users"
ADD = "INSERT INTO users (name) VALUES ('ann')"
CONFIGURED = """
    [project]
    name = "shop"
    version = "1"

    [tool.handrail.services.postgres]
    backend = "docker"
    image = "{postgres}"
    template = "schema.sql"
    env = {{ DATABASE_URL = "{{url}}" }}

    [tool.handrail.services.redis]
    backend = "docker"
    image = "{redis}"
    """
SCHEMA = """
    CREATE TABLE users (id serial PRIMARY KEY, name text);
    CREATE TABLE countries (code text);
    INSERT INTO countries VALUES ('ch'), ('de');
    """


@dataclass(frozen=True, slots=True)
class Host:
    """A daemon and the images that it has."""

    name: str
    images: dict[str, str]

    def docker(self, *arguments: str) -> str:
        return subprocess.run(
            ["docker", "--host", self.name, *arguments],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    def containers(self) -> list[str]:
        """Ours, running or not."""
        return self.docker("ps", "--all", "--quiet", "--filter", f"label={SESSION}").split()


@pytest.fixture
def host(docker_daemon: tuple[str, dict[str, str]]) -> Host:
    return Host(*docker_daemon)


@pytest.fixture
def shop(project: Project, host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("DOCKER_HOST", host.name)
    before = host.containers()
    project.put("pyproject.toml", CONFIGURED.format(**host.images))
    project.put("schema.sql", SCHEMA)
    yield project
    wait_for(lambda: set(host.containers()) <= set(before), "the removal of its containers")


def run(shop: Project, *words: str) -> "subprocess.CompletedProcess[str]":
    script, *arguments = words or ("handrail", "run", "-n", "2")
    host = os.environ["DOCKER_HOST"]
    return shop.command(script, *arguments, timeout_s=300.0, DOCKER_HOST=host)


def test_modules_have_databases_of_their_own_in_one_container_for_each_worker(
    shop: Project, host: Host
) -> None:
    body = f"""
        import os, subprocess

        def test_it_is_migrated_and_empty(postgres, redis):
            assert os.environ["DATABASE_URL"] == postgres.url
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                assert connection.execute("SELECT count(*) FROM countries").fetchone() == (2,)
                connection.execute("{ADD}")
            assert redis.dbsize() == 0
            redis.set("name", "ann")

        def test_what_is_committed_is_there_but_redis_is_empty(postgres, redis):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (1,)
            assert redis.dbsize() == 0

        def test_note_the_containers():
            ids = subprocess.check_output(["docker", "ps", "-q", "--filter", "label={SESSION}"])
            with open("containers.txt", "ab") as file:
                file.write(ids)
        """
    shop.write(test_a=body, test_b=body, test_c=body)

    done = run(shop)

    assert done.returncode == 0, done.stdout + shop.latest("pytest.log")
    seen = set((shop.folder / "containers.txt").read_text().split())
    assert 2 <= len(seen) <= 4  # Postgres and Redis, for two workers at most


@pytest.mark.parametrize("command", ["pytest", "pytest -n 2", "handrail run -n 0"])
def test_the_fixtures_are_there_however_tests_are_run(shop: Project, command: str) -> None:
    body = f"""
        def test_it(postgres, redis, postgres_session):
            redis.set("name", "ann")
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                connection.execute("{ADD}")
        """
    shop.write(test_a=body, test_b=body)

    done = run(shop, *command.split())

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("level", ["clone", "truncate", "server"])
def test_a_test_can_have_more_for_itself(shop: Project, level: str) -> None:
    shop.write(
        test_a=f"""
        import pytest

        pytestmark = pytest.mark.isolation("{level}")

        @pytest.mark.parametrize("turn", range(2))
        def test_nobody_was_here_before(postgres, redis, turn):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
                assert connection.execute("SELECT count(*) FROM countries").fetchone() == (2,)
                assert connection.execute("{ADD} RETURNING id").fetchone() == (1,)
            assert redis.dbsize() == 0
            redis.set("name", "ann")
        """
    )

    done = run(shop)

    assert done.returncode == 0, done.stdout + shop.latest("pytest.log")


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

    done = run(shop)

    assert done.returncode == 0, done.stdout + shop.latest("pytest.log")


def test_data_is_in_memory_and_no_volume_is_left(shop: Project, host: Host) -> None:
    before = host.docker("volume", "ls", "--quiet")
    shop.write(
        test_a="""
        import subprocess

        def test_it(postgres):
            name = subprocess.check_output(["docker", "ps", "-lq"], text=True).strip()
            mounts = subprocess.check_output(["docker", "exec", name, "cat", "/proc/mounts"], text=True)
            assert "tmpfs /var/lib/postgresql/data tmpfs" in mounts
        """
    )

    done = run(shop, "handrail", "run", "-n", "1")

    assert done.returncode == 0, done.stdout + shop.latest("pytest.log")
    assert host.docker("volume", "ls", "--quiet") == before


def test_an_image_with_its_data_in_it_will_do_too(shop: Project, host: Host) -> None:
    shop.put(
        "pyproject.toml", CONFIGURED.format(**host.images | {"postgres": host.images["baked"]})
    )
    shop.write(
        test_a=f"""
        def test_it(postgres):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
        """
    )

    done = run(shop)

    assert done.returncode == 0, done.stdout + shop.latest("pytest.log")


def test_a_container_that_a_test_killed_is_there_for_the_next_with_its_databases(
    shop: Project,
) -> None:
    shop.write(
        test_a=f"""
        import subprocess, time
        from pathlib import Path

        def is_attached(name):
            commands = [each.read_bytes() for each in Path("/proc").glob("[0-9]*/cmdline") if each.exists()]
            return any(name.encode() in each.split(b"\\0") for each in commands)

        def test_kills(postgres):
            ours = ["--filter", "name=postgres", "--filter", "label={SESSION}"]
            listed = ["docker", "ps", *ours, "--format", "{{{{.Names}}}}"]
            (name,) = subprocess.check_output(listed, text=True).split()
            subprocess.check_call(["docker", "kill", name])
            while is_attached(name):
                time.sleep(0.01)

        def test_next(postgres):
            with postgres.connect() as connection:
                assert connection.execute("{COUNT}").fetchone() == (0,)
        """
    )

    done = run(shop, "pytest")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "during this test; it was started again" in " ".join(done.stdout.split())


@pytest.mark.parametrize("victim", ["pytest", "pytest while it starts", "everybody"])
def test_nothing_stays_behind_when_somebody_is_killed(
    shop: Project, host: Host, victim: str
) -> None:
    shop.write(
        test_a="""
        import os, time

        def test_hangs(request):
            open("here", "w").close()
            request.getfixturevalue("postgres")
            open("ready", "w").close()
            time.sleep(600)
        """
    )
    before = set(host.containers())
    started = subprocess.Popen(
        [str(Path(sys.executable).parent / "pytest"), "-p", "handrail"],
        cwd=shop.folder, env=shop.environment(DOCKER_HOST=host.name),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip
    seen = "here" if victim == "pytest while it starts" else "ready"
    wait_for((shop.folder / seen).exists, "the test")

    if victim == "everybody":
        assert set(host.containers()) - before
        for pid in shop.pids():
            os.kill(pid, signal.SIGKILL)
    else:
        started.kill()
    started.wait()

    if victim == "everybody":  # whoever starts services next tidies up for those who could not
        wait_for(lambda: not shop.pids(), "their end")
        assert set(host.containers()) - before
        sweep_sessions(base_folder())
        os.environ["DOCKER_HOST"] = host.name
        sweep(os.environ)
    wait_for(lambda: set(host.containers()) <= before, "the removal of the containers")


def test_containers_of_sessions_that_are_gone_are_swept_and_no_others(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handrail.services.docker import MACHINE, machine

    monkeypatch.setenv("DOCKER_HOST", host.name)

    def create(folder: str, where: str) -> str:
        labels = ["--label", f"{SESSION}={folder}", "--label", f"{MACHINE}={where}"]
        return host.docker("create", *labels, host.images["redis"])

    lost = create(str(tmp_path / "gone"), machine())
    alive = create(str(tmp_path), machine())
    elsewhere = create(str(tmp_path / "gone"), "another machine")

    swept = sweep(os.environ)

    left = host.docker("ps", "--all", "--quiet", "--no-trunc").split()
    host.docker("rm", alive, elsewhere)
    assert swept == 1
    assert lost not in left
    assert {alive, elsewhere} <= set(left)
