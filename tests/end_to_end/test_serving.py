"""``handrail serve``: what it answers, and to whom."""

import http.client
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from processes import wait_for
from real_runs import PATIENCE_S, Project

GATE = """
import pathlib, time

def test_first():
    pass

def test_second():
    while not pathlib.Path("open").exists():
        time.sleep(0.01)
    assert 1 == 2
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    process: "subprocess.Popen[str]"
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def get(
        self, path: str, *, host: str = "", method: str = "GET"
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        headers = {"Host": host} if host else {}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return found

    def told(self, path: str) -> dict[str, object]:
        """The first thing that a stream of events tells."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "text/event-stream"
        line = answer.readline().decode()
        connection.close()
        found: dict[str, object] = json.loads(line.removeprefix("data: "))
        return found


@contextmanager
def serving(project: Project, *arguments: str) -> Generator[Served]:
    process = project.open("serve", *arguments)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("serving http://127.0.0.1:"), process.stderr
    try:
        yield Served(process, line.split()[1])
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


def test_runs_reports_and_attachments_are_served(project: Project) -> None:
    project.write(
        test_a="def test_one(attach):\n    attach('a.html', '<script>alert(1)</script>')\n"
    )
    project.run()
    run = project.latest_id()
    with serving(project) as served:
        status, _, page = served.get("/")
        told = served.told("/live")
        _, moved, _ = served.get("/runs/latest")
        _, _, report = served.get(f"/runs/{run}/")
        (attached,) = json.loads(project.latest("report.json"))["attachments"]
        _, headers, body = served.get(f"/runs/{run}/{attached['path']}")

    assert (status, served.process.returncode) == (200, 0)
    assert page.startswith("<!doctype html>")
    assert [each["run_id"] for each in told["runs"]] == [run]  # type: ignore[index,attr-defined]
    assert moved["Location"] == f"/runs/{run}/"
    assert f"<title>passed · {run} · Handrail</title>" in report
    assert body == "<script>alert(1)</script>"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_it_answers_to_its_own_name_only_and_changes_nothing(project: Project) -> None:
    with serving(project) as served:
        name = f"localhost:{served.port}"
        codes = {host: served.get("/", host=host)[0] for host in ("evil.example", "", name)}
        posted, _, _ = served.get("/", method="POST")
        head = served.get("/", method="HEAD")

    assert codes == {"evil.example": 403, "": 200, name: 200}
    assert posted == 501
    assert (head[0], head[2]) == (200, "")


@pytest.mark.parametrize(
    "path", ["/runs/nope/", "/nope", "/runs/..%2f..%2f/", "/runs/../../pyproject.toml", "/runs//"]
)
def test_what_is_not_there_is_not_found(project: Project, path: str) -> None:
    with serving(project) as served:
        assert served.get(path)[0] == 404


def test_it_says_where_it_is_and_ends_on_ctrl_c(project: Project) -> None:
    process = project.open("serve")
    assert process.stdout is not None
    printed = process.stdout.readline() + process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, problems = process.communicate(timeout=PATIENCE_S)

    assert re.fullmatch(r"serving http://127\.0\.0\.1:\d+/\nCtrl-C ends it\n", printed)
    assert (process.returncode, rest, problems) == (0, "", "")


def test_a_port_that_is_taken_is_said(project: Project) -> None:
    with serving(project) as served:
        done = project.command("handrail", "serve", "--port", str(served.port))

    assert done.returncode == 3
    assert done.stderr == (
        f"error: port {served.port} cannot be used [usage]\n"
        f"  127.0.0.1:{served.port}: Address already in use\n\n"
        "hint: handrail serve --port 0 takes a free one\n"
    )


def test_a_run_is_seen_live_until_its_report_takes_its_place(project: Project) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("needs Chromium on PATH")
    project.write(test_a=GATE)
    with serving(project) as served, playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page, said = browser.new_page(), []
        page.on("console", lambda each: said.append(each.text))
        page.on("pageerror", lambda each: said.append(str(each)))
        page.goto(served.url)
        page.get_by_text("No run yet").wait_for()
        assert project.command("handrail", "start").returncode == 0

        page.locator("#runs a").click()
        page.locator("td", has_text="test_a.py::test_first").first.wait_for()
        page.locator("table", has_text="test_a.py::test_second").first.wait_for()
        assert page.locator("#verdict").inner_text() == "Running"
        assert re.match(r"1 of 2 tests: 1 passed", page.locator(".line").inner_text())
        project.put("open", "")
        page.get_by_text("1 cause").wait_for(timeout=PATIENCE_S * 1000)
        assert page.locator("#verdict").inner_text() == "Failed"

        assert said == []
        browser.close()
    wait_for(lambda: not project.left(), "the end of everything")
