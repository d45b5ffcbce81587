"""What lives for a whole session, in workers that have nothing to do for a while and then again."""

from collections import Counter

import pytest
from real_runs import Project

CONFTEST = """
    import os
    import time
    import pytest

    def note(text):
        with open("notes.txt", "a") as notes:
            print(text, os.getpid(), file=notes)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item):
        report = yield
        item.funcargs["whole"]  # which pytest takes from an item that has ended
        return report

    @pytest.fixture(scope="session", autouse=True)
    def whole():
        note("setup")
        yield
        note("teardown")
        {ending}
    """
QUICK = "def test_quick(): pass\n"
LONG = """
    import time
    from pathlib import Path

    import pytest

    def test_long():
        # Until another worker, which has had nothing to do, has run what waits behind this test.
        until = time.monotonic() + 25
        while not Path("last").exists() and time.monotonic() < until:
            time.sleep(0.01)

    @pytest.mark.parametrize("number", range(12))
    def test_behind(number):
        if number == 11:
            Path("last").touch()
    """
WORKERS = pytest.mark.parametrize(
    "workers", [("-n", "2"), ("-n", "2", "--strategy", "spawn")], ids=["forked", "spawned"]
)


def suite(project: Project, ending: str = "") -> None:
    project.put("conftest.py", CONFTEST.replace("{ending}", ending))
    project.put("test_a.py", QUICK)
    project.put("test_b.py", LONG)


def notes(project: Project) -> Counter[tuple[str, str]]:
    lines = (project.folder / "notes.txt").read_text().splitlines()
    return Counter((line.split()[0], line.split()[1]) for line in lines)


@WORKERS
def test_it_is_set_up_and_torn_down_once_in_each_worker(
    project: Project, workers: tuple[str, ...]
) -> None:
    suite(project)

    run = project.run(*workers)

    assert run.returncode == 0, run.stdout
    assert run.report["summary"]["passed"] == 14
    noted = notes(project)
    assert len({process for _, process in noted}) == 2
    assert set(noted.values()) == {1}
    assert len(noted) == 4


@WORKERS
@pytest.mark.parametrize("more", [(), ("--retries", "1")], ids=["known", "unknown"])
def test_an_error_at_its_end_is_one_of_the_workers_last_test(
    project: Project, workers: tuple[str, ...], more: tuple[str, ...]
) -> None:
    """Whether it was known that this is the last one, or a test might have been tried again."""
    suite(project, 'print("ending"); raise OSError("it cannot be removed")')

    run = project.run(*workers, *more)

    assert run.returncode == 1
    assert (run.report["summary"]["passed"], run.report["summary"]["error"]) == (14, 2)
    (cause,) = run.report["failures"]
    assert cause["count"] == 2
    assert cause["message"] == "it cannot be removed"
    assert cause["phase"] == "teardown"
    log = run.log
    assert log.count("ERROR at teardown of test_behind") == 2
    assert log.count("raise OSError") == 2
    assert log.count("Captured stdout teardown") == 2
    assert "handrail/" not in log
    assert "14 passed, 2 errors" in log


def test_if_it_never_ends_the_limit_of_the_last_test_ends_it(project: Project) -> None:
    suite(project, "time.sleep(600)")

    run = project.run("--timeout", "4s", "--retries", "1")

    assert run.returncode == 1
    late = [
        each
        for each in run.report["failures"]
        if each["message"].startswith("tearing down what lived for the whole session")
    ]
    assert [each["message"] for each in late] == [
        "tearing down what lived for the whole session: did not end within 4s"
    ]
