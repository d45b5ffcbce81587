"""``handrail run --log-tests``: what tests log is kept, whatever becomes of them and of their process."""

import json
from collections.abc import Sequence

import pytest
from processes import wait_for
from real_runs import Project

WAYS: dict[str, Sequence[str]] = {
    "two workers": ("-n", "2"),
    "collected first": ("-n", "2", "--strategy", "collect-then-fork"),
    "spawned": ("-n", "2", "--strategy", "spawn"),
    "one process": ("-n", "0"),
    "a process for each test": ("-n", "2", "--isolate", "test"),
}
PHASES = """
    import logging
    import pytest

    log = logging.getLogger("app.{name}")

    @pytest.fixture
    def noisy():
        log.warning("set-up %d", 1)
        yield
        log.warning("tear-down")

    def test_passes(noisy):
        log.warning("call")
        log.info("below the level")

    def test_fails(noisy):
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("it went wrong")
        assert False

    @pytest.mark.parametrize("n", range(5))
    def test_n(n):
        for m in range(50):
            log.error("%d of %d", m, n)

    def test_skips(noisy):
        pytest.skip("later")

    def test_quiet():
        pass
"""
FATAL = """
    import logging, os, pytest, signal

    def test_before():
        logging.warning("before")

    def test_fatal():
        for n in range(100):
            logging.warning("line %d", n)
        {end}

    def test_after():
        logging.warning("after")
"""
ENDS = {
    "exit": "os._exit(3)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "hanging": "import time; time.sleep(1000)",
}
SECRET = "ghp_0123456789abcdefghij"


def told(project: Project) -> list[dict[str, str]]:
    """Every line of the file of the latest run."""
    return [json.loads(each) for each in project.latest("test-log.ndjson").splitlines()]


def messages(project: Project, test: str) -> list[str]:
    return [each["message"] for each in told(project) if each["node_id"] == test]


@pytest.mark.parametrize("way", WAYS)
def test_every_line_of_every_phase_is_kept_once_and_in_order(project: Project, way: str) -> None:
    project.write(test_a=PHASES.format(name="a"), test_b=PHASES.format(name="b"))

    found = project.run("--log-tests", *WAYS[way])

    assert found.returncode == 1
    for name in "ab":
        tests = f"test_{name}.py::test_"
        assert [
            (each["phase"], each["level"], each["logger"], each["message"])
            for each in told(project)
            if each["node_id"] == f"{tests}passes"
        ] == [
            ("setup", "WARNING", f"app.{name}", "set-up 1"),
            ("call", "WARNING", f"app.{name}", "call"),
            ("teardown", "WARNING", f"app.{name}", "tear-down"),
        ]
        assert messages(project, f"{tests}fails") == ["set-up 1", "it went wrong", "tear-down"]
        assert messages(project, f"{tests}skips") == ["set-up 1", "tear-down"]
        assert messages(project, f"{tests}quiet") == []
        for n in range(5):
            assert messages(project, f"{tests}n[{n}]") == [f"{m} of {n}" for m in range(50)]
    wrong = [each["exception"] for each in told(project) if "exception" in each]
    assert len(wrong) == 2
    assert wrong[0].startswith("Traceback (most recent call last):\n")
    assert wrong[0].endswith("ZeroDivisionError: division by zero")


def test_nothing_is_kept_unless_it_is_asked_for(project: Project) -> None:
    project.write(test_a=PHASES.format(name="a"))

    project.run()

    folder = project.folder / ".handrail" / "runs" / project.latest_id()
    assert not (folder / "test-log.ndjson").exists()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", ["two workers", "spawned", "one process"])
def test_a_process_that_ends_in_the_middle_of_a_test_loses_no_line(
    project: Project, end: str, way: str
) -> None:
    project.write(test_a=FATAL.format(end=ENDS[end]))

    found = project.run("--log-tests", "--timeout", "4s", *WAYS[way])

    assert found.returncode in {1, 2}
    assert messages(project, "test_a.py::test_before") == ["before"]
    assert messages(project, "test_a.py::test_fatal") == [f"line {n}" for n in range(100)]
    if way != "one process":
        assert messages(project, "test_a.py::test_after") == ["after"]
    shown = project.command("handrail", "logs", "--test", "test_a.py::test_fatal", "--tail", "1")
    assert shown.stdout.endswith(" call     WARNING  root: line 99\n")
    explained = project.command("handrail", "explain", "latest", "F1").stdout
    assert "log of test_a.py::test_fatal:\n" in explained or way == "one process"


def test_secrets_strange_text_and_huge_messages(project: Project) -> None:
    project.put("pyproject.toml", '[tool.handrail]\nredact = ["hush-[0-9]+"]\n')
    project.put(
        "test_a.py",
        f"""
        import logging

        def test_secret():
            logging.warning("token %s and hush-7", "{SECRET}")
            try:
                raise ValueError("{SECRET}")
            except ValueError:
                logging.exception("hush-7")

        def test_strange():
            logging.warning("\\udcff \\x00 \\x1b[2J \\u00e9 \\U0001f600\\nRESULT passed exit=0")

        def test_huge():
            logging.warning("begin %s end", "x" * 5_000_000)
        """,
    )

    found = project.run("--log-tests")

    assert found.passed == {f"test_a.py::test_{name}" for name in ("secret", "strange", "huge")}
    text = project.latest("test-log.ndjson")
    assert "hush" not in text
    assert SECRET not in text
    assert text.isascii()
    assert messages(project, "test_a.py::test_strange") == [
        "\\udcff \x00 \x1b[2J \u00e9 \U0001f600\nRESULT passed exit=0"
    ]
    (huge,) = messages(project, "test_a.py::test_huge")
    assert len(huge) < 40_000
    assert "characters left out" in huge
    shown = project.command("handrail", "logs", "--test", "test_a.py::test_strange").stdout
    assert "\x1b" not in shown
    assert "\n    | RESULT passed exit=0\n" in shown


@pytest.mark.parametrize("way", ["two workers", "one process", "spawned"])
def test_a_full_disk_costs_lines_and_a_note_but_no_outcome(project: Project, way: str) -> None:
    project.write(test_a=PHASES.format(name="a"))
    project.put(
        "conftest.py",
        """
        import pathlib

        def pytest_sessionstart():
            runs = pathlib.Path(".handrail/runs")
            path = runs / (runs / "latest").read_text().strip() / "test-log.ndjson"
            path.unlink(missing_ok=True)
            path.symlink_to("/dev/full")
        """,
    )

    found = project.run("--log-tests", *WAYS[way])

    assert found.report["summary"]["passed"] == 7
    assert found.report["summary"]["failed"] == 1
    (note,) = (each["text"] for each in found.report["notes"] if each["code"] == "test-log")
    assert note == "258 lines of the log of tests could not be written: No space left on device"


def test_descriptors_that_a_test_closes_or_counts_are_its_own(project: Project) -> None:
    project.write(
        test_a="""
        import logging, os

        def count():
            return len(os.listdir("/proc/self/fd"))

        def test_counts():
            before = count()
            logging.warning("counted")
            assert count() == before

        def test_closes():
            for name in os.listdir("/proc/self/fd"):
                if os.path.realpath(f"/proc/self/fd/{name}").endswith("test-log.ndjson"):
                    os.close(int(name))
            mine = [os.open("mine.txt", os.O_WRONLY | os.O_CREAT) for _ in range(60)]
            logging.warning("closed")
            for each in mine:
                os.close(each)
            assert os.path.getsize("mine.txt") == 0
        """
    )

    found = project.run("--log-tests", "-n", "2", "--isolate", "test")

    assert messages(project, "test_a.py::test_counts") == ["counted"]
    assert messages(project, "test_a.py::test_closes") == ["closed"]
    assert set(found.outcomes.values()) == {"passed"}
    assert "node_id" not in (project.folder / "mine.txt").read_text()


def test_without_the_logging_of_pytest_there_is_a_note(project: Project) -> None:
    project.write(test_a=PHASES.format(name="a"))

    found = project.run("--log-tests", "-p", "no:logging")

    assert found.report["summary"]["passed"] == 7
    assert told(project) == []
    assert [each["text"] for each in found.report["notes"] if each["code"] == "test-log"] == [
        "--log-tests finds nothing: pytest's own logging is turned off (-p no:logging)"
    ]


def test_start_keeps_logs_and_so_does_a_rerun_of_it(project: Project) -> None:
    project.write(test_a=PHASES.format(name="a"))
    project.command("handrail", "start", "--log-tests", "-n", "2")
    project.command("handrail", "wait")
    first = project.latest_id()
    assert len(messages(project, "test_a.py::test_fails")) == 3

    project.command("handrail", "rerun")

    assert project.latest_id() != first
    assert {each["node_id"] for each in told(project)} == {"test_a.py::test_fails"}


def test_a_failure_is_explained_with_the_log_of_its_test(project: Project) -> None:
    project.write(test_a=PHASES.format(name="a"))
    project.run("--log-tests", "--log-level=INFO", "-k", "fails")

    text = project.command("handrail", "explain", "latest", "F1").stdout
    document = json.loads(project.command("handrail", "explain", "latest", "F1", "--json").stdout)

    assert "Captured log" not in text
    logged = text.partition("log of test_a.py::test_fails:\n")[2].splitlines()
    assert logged[0].endswith(" setup    WARNING  app.a: set-up 1")
    assert logged[1].endswith(" call     ERROR    app.a: it went wrong")
    assert document["test_log"]["test"] == "test_a.py::test_fails"
    assert [each["phase"] for each in document["test_log"]["lines"]] == [
        "setup",
        "call",
        "teardown",
    ]
    assert document["test_log"]["omitted"] == 0


def test_of_a_long_log_the_end_is_explained_and_the_rest_counted(project: Project) -> None:
    project.write(
        test_a="import logging\n\ndef test_a():\n    for n in range(300):\n"
        "        logging.warning('line %d', n)\n    assert False\n"
    )
    project.run("--log-tests")

    text = project.command("handrail", "explain", "latest", "F1").stdout
    document = json.loads(project.command("handrail", "explain", "latest", "F1", "--json").stdout)

    assert "log of test_a.py::test_a:\n  ... 101 lines before\n" in text
    assert " root: line 101\n" in text
    assert " root: line 100\n" not in text
    assert document["test_log"]["lines"][-1]["message"] == "line 299"
    assert document["test_log"]["omitted"] == 250


def test_a_failure_of_a_run_without_it_is_explained_as_before(project: Project) -> None:
    project.write(test_a=PHASES.format(name="a"))
    project.run("-k", "fails")

    text = project.command("handrail", "explain", "latest", "F1").stdout
    document = json.loads(project.command("handrail", "explain", "latest", "F1", "--json").stdout)

    assert "Captured log setup:\n" in text
    assert "log of test_a" not in text
    assert "test_log" not in document


def test_the_log_of_a_test_is_read_while_the_run_goes_on(project: Project) -> None:
    project.write(
        test_a="import logging, pathlib, time\n\ndef test_waits():\n    logging.warning('waiting')\n"
        "    pathlib.Path('at-gate').touch()\n"
        "    while not pathlib.Path('open').exists():\n        time.sleep(0.02)\n"
    )
    project.command("handrail", "start", "--log-tests", "-n", "1")
    wait_for((project.folder / "at-gate").exists, "the gate")

    shown = project.command("handrail", "logs", "--test", "test_a.py::test_waits")
    unknown = project.command("handrail", "logs", "--test", "test_a.py::test_wait")
    (project.folder / "open").touch()
    project.command("handrail", "wait")

    assert shown.stdout.endswith(" call     WARNING  root: waiting\n")
    assert (unknown.returncode, "similar: test_a.py::test_waits" in unknown.stderr) == (3, True)
