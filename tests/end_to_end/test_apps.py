"""Apps of the project's own: started when they are asked for, with what they need, for each module."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for, wait_until_gone
from real_runs import Project

from handrail.model.tiers import Service
from handrail.services.backends import Native
from handrail.services.recipes.all import RECIPES

pytestmark = pytest.mark.slow

APP = """
    import os, signal, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer
    import socket, time

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            print("asked for", self.path, flush=True)
            if self.path == "/die":
                os.kill(os.getpid(), signal.SIGKILL)
            status = 404 if self.path == "/nothing" else 200
            self.send_response(status)
            self.end_headers()
            self.wfile.write(os.environ.get(self.path[1:], str(os.getpid())).encode())

    def stop(number, frame):
        open("stopped", "a").write(f"{os.getpid()}\\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    if sys.argv[1] == "--fd":
        server = HTTPServer(("", 0), Answers, bind_and_activate=False)
        server.socket = socket.socket(fileno=int(sys.argv[2]))
    else:
        server = HTTPServer((sys.argv[2], int(sys.argv[4])), Answers)
    print("serving", flush=True)
    server.serve_forever()
    """
GET = """
    import urllib.request

    def get(url):
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    """
SETTINGS = """
    [project]
    name = "shop"
    version = "1"

    [tool.handrail.services.api]
    command = "python serve.py --fd {fd}"
    ready = { http = "/health", within = "30s" }
    """

MAIL = """
    [tool.handrail.services.mail]
    command = "python serve.py --host {host} --port {port}"
    """


@pytest.fixture
def shop(project: Project) -> Project:
    project.put("serve.py", APP)
    project.put("ask.py", GET)
    return project


@pytest.fixture
def homes() -> Iterator[Path]:
    """Where the project's servers live. Its path is short, for the sockets in it."""
    path = Path(tempfile.mkdtemp(prefix="h-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.mark.parametrize(
    ("command", "ready"),
    [
        ("python serve.py --fd {fd}", '{ http = "/health", within = "30s" }'),
        ("python serve.py --host {host} --port {port}", "{ tcp = true }"),
        ("python serve.py --host {host} --port {port}", '{ line = "^serving" }'),
    ],
)
def test_each_module_has_its_own_which_answers_at_once(
    shop: Project, homes: Path, command: str, ready: str
) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS.replace("python serve.py --fd {fd}", command).replace(
            '{ http = "/health", within = "30s" }', ready
        )
        + f"""
    [tool.handrail]
    services-folder = "{homes}"
    """,
    )
    body = """
        from ask import get

        def test_it_answers(services):
            assert services.api.url.startswith("http://127.")
            with open("pids", "a") as file:
                file.write(get(services.api.url + "/pid") + "\\n")

        def test_it_is_the_same_for_the_rest_of_the_module(services):
            with open("pids") as file:
                assert file.read().splitlines()[-1] == get(services.api.url + "/pid")
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log
    pids = (shop.folder / "pids").read_text().split()
    assert len(set(pids)) == 2
    assert (shop.folder / "stopped").read_text().split() == pids  # by SIGTERM, which it could catch
    assert not list(homes.iterdir())


@pytest.mark.skipif(importlib.util.find_spec("uvicorn") is None, reason="no uvicorn")
def test_uvicorn_serves_on_the_socket_that_it_is_given(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS.replace("python serve.py --fd {fd}", "uvicorn shop.main:app --fd {fd}"),
    )
    shop.put(
        "shop/main.py",
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"hello"})
        """,
    )
    shop.write(
        test_a="""
        from ask import get

        def test_it_says_hello(services):
            assert get(services.api.url) == "hello"
        """
    )

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log


def test_an_app_has_the_modules_services_and_those_that_it_needs_are_started(
    shop: Project,
) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS
        + """
    env = { CACHE = "{redis.url}", MAIL = "{mail.url}", ME = "{url}" }

    [tool.handrail.services.mail]
    command = "python serve.py --host {host} --port {port}"
    env = { CACHE = "{redis.url}" }

    [tool.handrail.services.redis]
    """,
    )
    body = """
        from ask import get

        def test_they_see_what_the_module_sees(services, redis):
            api, mail = services.api.url, services.mail.url
            assert get(api + "/CACHE") == get(mail + "/CACHE") == redis.url
            assert get(api + "/MAIL") == mail
            assert get(api + "/ME") == api
            with open("seen", "a") as file:
                file.write(redis.url + "\\n")
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log
    assert len(set((shop.folder / "seen").read_text().split())) == 2


@pytest.mark.skipif(
    bool(Native(os.environ).refusal(Service(name="postgres"), RECIPES["postgres"])),
    reason="no Postgres here",
)
def test_an_app_uses_the_modules_database(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        version = "1"

        [tool.handrail.services.api]
        command = "python serve.py --fd {fd}"
        ready = { http = "/health" }
        env = { DATABASE_URL = "{postgres.url}" }
        """,
    )
    body = """
        import pytest
        from ask import get

        def test_it_is_the_modules(services, postgres):
            assert get(services.api.url + "/DATABASE_URL") == postgres.url

        @pytest.mark.isolation("clone")
        def test_a_test_that_has_one_of_its_own_has_an_app_on_it(services, postgres):
            assert get(services.api.url + "/DATABASE_URL") == postgres.url
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log
    assert len(run.passed) == 4


def test_what_needs_nothing_of_each_other_starts_at_the_same_time(shop: Project) -> None:
    shop.put(
        "meet.py",
        """
        import os, sys, time

        mine, other = sys.argv[1:]
        open(mine, "w").close()
        while not os.path.exists(other):  # who waits for the first one to be ready waits for ever
            time.sleep(0.01)
        print("met", flush=True)
        time.sleep(600)
        """,
    )
    shop.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        version = "1"

        [tool.handrail.services.left]
        command = "python meet.py left right"
        ready = { line = "^met" }

        [tool.handrail.services.right]
        command = "python meet.py right left"
        ready = { line = "^met" }

        [tool.handrail.services.api]
        command = "python serve.py --fd {fd}"
        ready = { http = "/health" }
        env = { LEFT = "{left.url}", RIGHT = "{right.url}" }
        """,
    )
    shop.write(
        test_a="""
        from ask import get

        def test_they_have_met(services):
            assert get(services.api.url)
        """
    )

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log


@pytest.mark.parametrize(
    ("isolation", "mark", "count"),
    [
        ("server", "", 4),
        ("clone", "", 2),
        ("truncate", "", 1),
        ("truncate", "pytestmark = pytest.mark.isolation('server')", 4),
        ("clone", "pytestmark = pytest.mark.isolation('truncate')", 1),
    ],
)
def test_a_test_a_module_or_the_worker_can_have_its_own(
    shop: Project, isolation: str, mark: str, count: int
) -> None:
    shop.put("pyproject.toml", SETTINGS + f'    isolation = "{isolation}"\n')
    body = f"""
        import pytest
        from ask import get

        {mark}

        @pytest.mark.parametrize("turn", range(2))
        def test_it(services, turn):
            with open("pids", "a") as file:
                file.write(get(services.api.url + "/pid") + "\\n")
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run("-n", "0")

    assert run.returncode == 0, run.log
    assert len(set((shop.folder / "pids").read_text().split())) == count


@pytest.mark.parametrize("command", ["pytest", "handrail run -n 0", "handrail run -n 2"])
def test_a_failed_test_shows_what_the_app_has_printed(shop: Project, command: str) -> None:
    shop.put("pyproject.toml", SETTINGS)
    shop.write(
        test_a="""
        from ask import get

        def test_it(services):
            get(services.api.url + "/nothing")
        """
    )
    script, *arguments = command.split()

    done = shop.command(script, *arguments)

    log = done.stdout if script == "pytest" else shop.latest("pytest.log")
    assert done.returncode == 1
    _, _, section = log.partition("end of the log of api")
    assert "asked for /nothing" in section


def test_an_app_that_does_not_start_is_shown_with_its_command_and_log(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS.replace("serve.py --fd", "absent.py --fd"),
    )
    shop.write(
        test_a="""
        def test_it(services):
            services.api
        """
    )

    run = shop.run("-n", "0")

    assert run.returncode != 0
    assert "api.2 is not ready: ended with exit code 2" in run.log
    assert "command: python absent.py --fd 3" in run.log
    assert "can't open file" in run.log


def test_an_app_that_is_not_ready_in_time_is_told_with_what_it_answered(shop: Project) -> None:
    shop.put("pyproject.toml", SETTINGS.replace("/health", "/nothing").replace("30s", "8s"))
    shop.write(
        test_a="""
        def test_it(services):
            services.api
        """
    )

    run = shop.run("-n", "0")

    assert (
        "api.2 is not ready: not ready within 8 s: "
        "GET /nothing was answered with HTTP/1.0 404 Not Found" in run.log
    )


def test_an_app_that_a_test_killed_is_there_for_the_next_at_the_same_place(shop: Project) -> None:
    shop.put("pyproject.toml", SETTINGS)
    shop.write(
        test_a="""
        import pytest
        from ask import get

        seen = []

        def test_kills(services):
            seen.append(services.api.url)
            with pytest.raises(Exception):
                get(services.api.url + "/die")

        def test_next(services):
            assert services.api.url == seen[0]
            assert get(services.api.url + "/pid")
        """
    )

    done = shop.command("pytest")

    assert done.returncode == 0, done.stdout
    assert "api.2 ended by signal 9 during this test; it was started again" in " ".join(
        done.stdout.split()
    )


def test_an_app_that_cannot_be_started_again_is_tried_anew_with_all_that_it_needs(
    shop: Project,
) -> None:
    shop.put("pyproject.toml", SETTINGS + '    env = { MAIL = "{mail.url}" }\n' + MAIL)
    shop.write(
        test_a="""
        import os
        import pytest
        from ask import get

        def test_kills(services):
            url = services.api.url
            os.rename("serve.py", "gone.py")
            with pytest.raises(Exception):
                get(url + "/die")

        def test_next(services):
            os.rename("gone.py", "serve.py")
            assert get(services.api.url + "/MAIL") == services.mail.url
        """
    )

    done = shop.command("pytest")

    assert done.returncode == 0, done.stdout
    assert "it could not be started again: error: api.3 is not ready" in " ".join(
        done.stdout.split()
    )


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_an_app_takes_to_end_is_not_the_tests_time(shop: Project, workers: str) -> None:
    shop.put("serve.py", APP.replace("os._exit(0)", "time.sleep(2); os._exit(0)"))
    shop.put("pyproject.toml", SETTINGS)
    shop.write(
        test_a="""
        def test_uses_it(services):
            assert services.api.url
        """,
        test_b="def test_comes_next(): pass",
    )

    run = shop.run("-n", workers, "--timeout", "1s")

    assert run.returncode == 0, run.stdout
    assert (shop.folder / "stopped").read_text()


def test_services_that_need_each_other_are_a_mistake(shop: Project) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS
        + """
    env = { MAIL = "{mail.url}" }

    [tool.handrail.services.mail]
    command = "python serve.py --fd {fd}"
    env = { API = "{api.url}" }
    """,
    )
    shop.write(test_a="def test_it(services): ...")

    done = shop.command("handrail", "run")

    assert done.returncode == 3
    assert (
        "pyproject.toml:5: tool.handrail.services.api: "
        "services need each other: api needs mail needs api" in done.stdout + done.stderr
    )


def test_an_app_ends_with_a_run_that_is_killed(shop: Project) -> None:
    shop.put("pyproject.toml", SETTINGS)
    shop.write(
        test_a="""
        import os, time
        from ask import get

        def test_hangs(services):
            with open("here.tmp", "w") as file:
                file.write(get(services.api.url + "/pid"))
            os.rename("here.tmp", "here")
            time.sleep(600)
        """
    )
    started = shop.start("-n", "1")
    here = shop.folder / "here"
    wait_for(here.exists, "the test")
    app = here.read_text()

    for pid in shop.pids():
        wait_for(lambda pid=pid: _kill(pid), "a signal")  # type: ignore[misc]
    started.kill()
    started.communicate()

    wait_until_gone([int(app)])


def _kill(pid: int) -> bool:
    import contextlib
    import os
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return True


def test_spawned_workers_have_services_too(shop: Project, homes: Path) -> None:
    shop.put(
        "pyproject.toml",
        SETTINGS
        + f"""
    [tool.handrail]
    services-folder = "{homes}"
    """,
    )
    body = """
        import pytest
        from ask import get

        @pytest.mark.isolation("server")
        def test_it_answers(services):
            assert get(services.api.url + "/pid")
        """
    shop.write(test_a=body, test_b=body)

    run = shop.run("-n", "2", "--strategy", "spawn", "--", "--strict-markers")

    assert run.returncode == 0, run.log
    assert run.passed == {"test_a.py::test_it_answers", "test_b.py::test_it_answers"}
