"""``handrail services``: a person's own set of services, there until it is ended, gone when it is."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from processes import wait_for, wait_until_gone
from real_runs import Project

from handrail.services.claiming import claim
from handrail.services.sessions import base_folder, new_session

pytestmark = pytest.mark.slow

CONFIGURED = """
    [tool.handrail]
    services-folder = "HOMES"

    [tool.handrail.services.postgres]
    template = "schema.sql"

    [tool.handrail.services.redis]
    """


@pytest.fixture
def homes() -> Generator[Path]:
    """Where servers live: nobody else's, and with a short path."""
    with tempfile.TemporaryDirectory(prefix="h-", dir=base_folder().parent) as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


@pytest.fixture
def shop(project: Project, homes: Path) -> Generator[Project]:
    project.put("pyproject.toml", CONFIGURED.replace("HOMES", str(homes)))
    project.put("schema.sql", "CREATE TABLE users (id serial)")
    yield project
    project.command("handrail", "services", "down")


@pytest.fixture
def cache(project: Project) -> Generator[Project]:
    """A project that needs a Redis only."""
    project.put("pyproject.toml", "[tool.handrail.services.redis]\n")
    yield project
    project.command("handrail", "services", "down")


def services(project: Project, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return project.command("handrail", "services", *arguments)


def told(project: Project, *arguments: str) -> dict[str, dict[str, Any]]:
    """What the command says of each service, by its name."""
    document = json.loads(services(project, *arguments, "--json").stdout)
    assert document["schema"] == "handrail.services/1"
    return {each["name"]: each for each in document["services"]}


def known(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        (project.folder / ".handrail" / "services.json").read_text()
    )
    return found


def test_what_is_started_stays_until_it_is_ended(shop: Project) -> None:
    first = services(shop, "up")

    assert first.returncode == 0, first.stderr
    assert "postgres   started  postgresql://postgres@127." in first.stdout
    found = told(shop, "status")
    assert {name: each["state"] for name, each in found.items()} == {
        "postgres": "up",
        "redis": "up",
    }
    with psycopg.connect(found["postgres"]["url"]) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
    assert redis.Redis.from_url(found["redis"]["url"]).ping()
    assert found["redis"]["pss_bytes"] > 0

    ended = services(shop, "down")

    assert ended.stdout == "postgres   ended\nredis      ended\n"
    wait_until_gone(each["pid"] for each in found.values())
    assert not [each for each in found.values() if Path(each["log"]).parent.exists()]
    assert shop.left() == []
    assert services(shop, "down").stdout == "no service runs here\n"


def test_a_second_up_finds_what_the_first_started(shop: Project) -> None:
    first = told(shop, "up", "redis")

    second = told(shop, "up")

    assert second["redis"]["pid"] == first["redis"]["pid"]
    assert set(second) == {"redis", "postgres"}
    assert services(shop, "status").returncode == 0


def test_an_app_is_up_where_its_path_answers_whatever_its_first_page_does(project: Project) -> None:
    project.put(
        "serve.py",
        """
        import sys
        from http.server import BaseHTTPRequestHandler, HTTPServer

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path == "/health" else 404)
                self.end_headers()

        HTTPServer((sys.argv[1], int(sys.argv[2])), Answers).serve_forever()
        """,
    )
    project.put(
        "pyproject.toml",
        """
        [tool.handrail.services.api]
        command = "python serve.py {host} {port}"
        ready = { http = "/health" }
        """,
    )

    try:
        assert told(project, "up")["api"]["state"] == "up"
        assert told(project, "status")["api"]["state"] == "up"
    finally:
        services(project, "down")


def test_every_work_tree_has_a_set_of_its_own(cache: Project, tmp_path: Path) -> None:
    other = Project(tmp_path / "other", cache.home, cache.mark)
    other.put("pyproject.toml", "[tool.handrail.services.redis]\n")

    urls = {told(each, "up")["redis"]["url"] for each in (cache, other)}

    assert len(urls) == 2
    services(other, "down")
    assert told(cache, "status")["redis"]["state"] == "up"


def test_a_shell_can_take_over_the_urls(shop: Project) -> None:
    done = subprocess.run(
        ["sh", "-c", 'eval "$(handrail services up redis --env)"; echo "$REDIS_URL"'],
        cwd=shop.folder,
        env=shop.environment(PATH=f"{Path(os.sys.executable).parent}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.startswith("redis://127."), done.stderr


def test_a_set_that_was_killed_is_told_and_started_anew(cache: Project) -> None:
    before = told(cache, "up")["redis"]
    (entry,) = known(cache)
    os.kill(entry["supervisor"], signal.SIGKILL)
    wait_until_gone([before["pid"]])

    looked = services(cache, "status")

    assert looked.returncode == 2
    assert looked.stdout.startswith("redis      ended ")
    assert looked.stderr == "next: handrail services up\n"
    after = told(cache, "up")["redis"]
    assert after["pid"] != before["pid"]
    assert not Path(before["log"]).parent.exists()


def test_a_server_that_was_killed_is_started_anew_and_its_supervisor_ends(cache: Project) -> None:
    before = told(cache, "up")["redis"]
    (entry,) = known(cache)
    os.kill(before["pid"], signal.SIGKILL)
    wait_until_gone([before["pid"]])

    assert told(cache, "up")["redis"]["pid"] != before["pid"]

    wait_until_gone([entry["supervisor"]])


def test_a_process_that_has_the_number_by_now_is_left_alone(cache: Project) -> None:
    told(cache, "up")
    (entry,) = known(cache)
    services(cache, "down")
    somebody = subprocess.Popen(["sleep", "600"])
    stale = entry | {"supervisor": somebody.pid, "pid": somebody.pid}
    (cache.folder / ".handrail" / "services.json").write_text(json.dumps([stale]))

    assert told(cache, "status")["redis"]["state"] == "ended"
    assert services(cache, "down").stdout == "no service runs here\n"

    assert somebody.poll() is None
    somebody.kill()
    somebody.wait()


@pytest.mark.parametrize("text", ["", "[{]", '[{"name": 1}]', '{"a": 1}'])
def test_a_damaged_list_is_no_list(cache: Project, text: str) -> None:
    cache.put(".handrail/services.json", text)

    assert told(cache, "status") == {"redis": {"name": "redis", "state": "down"}}
    assert told(cache, "up")["redis"]["state"] == "up"


def test_what_a_service_printed_is_shown_and_followed(cache: Project) -> None:
    found = told(cache, "up")["redis"]

    tail = services(cache, "logs", "redis", "--tail", "1").stdout.splitlines()
    following = cache.open("services", "logs", "redis", "--tail", "0", "--follow")
    wait_for(lambda: f"{found['log']}" in _open_files(following.pid), "the command to look")
    os.kill(found["pid"], signal.SIGTERM)
    followed, _ = following.communicate(timeout=60)

    assert len(tail) == 1
    assert "accept connections" in tail[0]
    assert "Received SIGTERM" in followed
    assert tail[0] not in followed


def _open_files(pid: int) -> list[str]:
    return [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]


def test_what_nobody_answers_for_and_old_snapshots_are_removed(shop: Project, homes: Path) -> None:
    services(shop, "up", "postgres")
    snapshots = shop.folder / ".handrail" / "snapshots"
    for each in snapshots.glob("*/.complete"):
        os.utime(each, (1, 1))
    told(shop, "up", "postgres")
    left = new_session(homes)
    lock = claim(str(left))
    (left / "data").write_bytes(b"x" * 100_000)
    os.close(lock)

    done = json.loads(services(shop, "clean", "--json").stdout)

    assert not left.exists()
    assert done["sessions"] == 1
    assert done["sessions_bytes"] >= 100_000
    assert done["snapshots_bytes"] > 20 << 20
    assert not [each for each in snapshots.iterdir() if each.is_dir()]
    assert told(shop, "status")["postgres"]["state"] == "up"


def test_a_snapshot_in_use_stays(shop: Project) -> None:
    services(shop, "up", "postgres")

    services(shop, "clean", "--older", "1h")

    assert list((shop.folder / ".handrail" / "snapshots").glob("*/.complete"))


def test_a_service_of_another_name_is_refused(cache: Project) -> None:
    done = services(cache, "up", "kafka")

    assert done.returncode == 3
    assert done.stderr == (
        "error: no service is called kafka [usage]\n"
        "  services: redis\n\n"
        "hint: add it: [tool.handrail.services.NAME]\n"
    )


def test_a_project_without_services_is_told_how_to_have_some(project: Project) -> None:
    done = services(project, "up")

    assert done.returncode == 3
    assert done.stderr == (
        "error: this project configures no services [usage]\n\n"
        "hint: name one in pyproject.toml: [tool.handrail.services.postgres]\n"
    )


def test_one_that_cannot_start_leaves_nothing_running(shop: Project) -> None:
    shop.put("schema.sql", "nonsense")

    done = services(shop, "up")

    assert done.returncode == 2
    assert "error: the template schema.sql failed" in done.stderr
    assert shop.left() == []


def test_a_mock_is_called_one_and_programs_are_led_to_it(project: Project) -> None:
    pytest.importorskip("confluent_kafka")
    project.put(
        "pyproject.toml",
        """
        [tool.handrail.services.kafka]

        [tool.handrail.services.api]
        command = "python -m http.server --bind {host} {port}"
        env = { BROKERS = "{kafka.url}" }
        """,
    )
    note = "a mock cluster of librdkafka, no broker"

    try:
        up, status = services(project, "up"), services(project, "status")
        variables = services(project, "up", "--env").stdout.splitlines()

        lines = [line for line in up.stdout.splitlines() if line.startswith("kafka")]
        assert [line.endswith(f"  ({note})") for line in lines] == [True]
        assert f"({note})" in status.stdout
        assert told(project, "status")["kafka"]["note"] == note
        assert "note" not in told(project, "status")["api"]
        assert [each.partition("=")[0] for each in variables] == [
            "export KAFKA_URL",
            "export API_URL",
        ]
    finally:
        services(project, "down")


def test_fewer_workers_are_used_where_there_is_no_memory_for_their_services(
    project: Project,
) -> None:
    project.put(
        "pyproject.toml",
        """
        [tool.handrail]
        workers = 4

        [tool.handrail.tiers.fast]
        services = ["redis"]

        [tool.handrail.services.redis]
        memory = "100000GiB"
        """,
    )
    project.write(test_a="def test_it(): ...", test_b="def test_it(): ...")

    few = project.command("handrail", "run")
    asked = project.command("handrail", "run", "-n", "4")

    assert few.returncode == 0, few.stderr
    assert "1 of 4 workers: there is no memory for the services of more; -n 4 uses all" in (
        few.stdout + few.stderr
    )
    assert "there is no memory" not in asked.stdout + asked.stderr
