"""``handrail flaky stress``: real processes, and the variation that makes a test fail is named."""

import json
import shlex

import pytest
from real_runs import Project

from handrail.execution.faking import faketime_library

pytestmark = pytest.mark.slow


def stressed(project: Project, *arguments: str) -> dict:
    done = project.command("handrail", "flaky", "stress", *arguments, "--json")
    assert done.stdout, done.stderr
    return {**json.loads(done.stdout), "code": done.returncode}


def guilty(found: dict) -> list[str]:
    return [each["name"] for each in found["variations"] if each["makes_it_fail"]]


def test_a_victim_of_its_order_fails_in_random_order_and_the_seed_repeats_it(
    project: Project,
) -> None:
    project.write(
        test_a="""
        SEEN = []
        def test_one(): SEEN.append(1)
        def test_two(): assert not SEEN
        """
    )

    found = stressed(project, "test_a.py::test_two", "-n", "30", "--vary", "none,order")

    assert (found["code"], found["runs"], found["verdict"]) == (1, 30, "failed")
    assert guilty(found) == ["order"]
    assert found["failures"][0]["where"] == "test_a.py:3"
    again = found["again"].removeprefix("handrail ").split()
    assert project.command("handrail", *again).returncode == 1
    assert project.left() == []


def test_each_pressure_reaches_the_tests_that_mind_it(project: Project) -> None:
    project.write(
        test_a="""
        import os
        import time

        def group_of(pid):
            try:
                return os.getpgid(int(pid))
            except ProcessLookupError:  # it has just ended
                return 0

        def test_alone():
            groups = [group_of(each) for each in os.listdir("/proc") if each.isdigit()]
            assert groups.count(os.getpgid(0)) == 1

        def test_quick_files():
            assert not hasattr(open, "__wrapped__")
        """
    )

    by_cpu = stressed(project, "test_a.py::test_alone", "-n", "12", "--vary", "none,cpu")
    by_io = stressed(project, "test_a.py::test_quick_files", "-n", "12", "--vary", "none,slow-io")

    assert guilty(by_cpu) == ["cpu"]
    assert guilty(by_io) == ["slow-io"]
    assert by_io["again"] == "handrail flaky stress test_a.py::test_quick_files --vary slow-io"


def test_another_hash_seed_in_each_run_is_repeated_by_its_command(project: Project) -> None:
    project.write(
        test_a="""
        import sys

        def test_order_of_a_set():
            assert sys.flags.hash_randomization == 0 or list({"a", "b"}) == ["a", "b"]
        """
    )

    found = stressed(project, "test_a.py", "--until-failure", "--vary", "hash-seed")
    *environ, command = found["again"].partition(" handrail ")[::2]
    (variable,) = [each.removeprefix("env ") for each in environ]

    assert found["failed"] == 1
    name, _, value = variable.partition("=")
    assert project.command("handrail", *command.split(), **{name: value}).returncode == 1


@pytest.mark.skipif(not faketime_library(), reason="faketime is not installed")
def test_another_date_is_felt_by_tests_that_ask_for_it_and_they_can_wait_and_sleep(
    project: Project,
) -> None:
    project.write(
        test_a="""
        import datetime
        import threading
        import time

        def test_waits_and_sleeps():
            began = time.monotonic()
            threading.Event().wait(0.01)
            time.sleep(0.01)
            assert time.monotonic() - began >= 0.02

        def test_tomorrow():
            today = datetime.date.today()
            assert (today + datetime.timedelta(1)).month == today.month
        """
    )

    named = "2027-12-31 12:00:00"
    waits = stressed(project, "test_a.py::test_waits_and_sleeps", "-n", "2", "--vary", "clock")
    found = stressed(project, "test_a.py::test_tomorrow", "-n", "2", "--date", named)
    again = project.command(*shlex.split(found["again"]))

    assert (waits["code"], waits["runs"]) == (0, 2)
    assert (found["runs"], found["failed"]) == (2, 2)
    assert found["failures"][0]["detail"] == named
    assert found["again"] == (
        "handrail flaky stress test_a.py::test_tomorrow --date '2027-12-31 12:00:00' -n 1"
    )
    assert again.returncode == 1


def test_a_test_that_ends_its_process_or_hangs_has_failed(project: Project) -> None:
    project.write(
        test_a="""
        import os
        import time

        def test_ends(): os._exit(7)
        def test_hangs(): time.sleep(600)
        """
    )

    ended = stressed(project, "test_a.py::test_ends", "-n", "2", "--vary", "none")
    hung = stressed(
        project, "test_a.py::test_hangs", "-n", "2", "--vary", "none", "--timeout", "1s"
    )

    assert ended["failures"][0]["message"] == "exit code 7"
    assert hung["failures"][0]["message"] == "took longer than 1s"


def test_plain_runs_count_as_attempts_that_prove_a_test_flaky(project: Project) -> None:
    project.write(
        test_a="""
        from pathlib import Path

        def test_it():
            tries = Path("tries")
            before = tries.read_text() if tries.exists() else ""
            tries.write_text(before + "x")
            assert len(before) != 1
        """
    )
    passed = project.run()

    found = stressed(project, "test_a.py", "-n", "3", "--vary", "none", "--workers", "1")
    known = json.loads(project.command("handrail", "flaky", "test_a.py::test_it", "--json").stdout)

    assert (passed.returncode, found["failed"]) == (0, 1)
    (test,) = known["tests"]
    assert (test["attempts"], test["failures"]) == (4, 1)
    assert test["outcomes"] == ["passed", "passed", "failed", "passed"]


def test_what_always_passes_is_said_to_with_what_its_rate_may_be(project: Project) -> None:
    project.write(test_a="def test_it(): pass\ndef test_other(): assert 0")

    done = project.command(
        "handrail", "flaky", "stress", "test_a.py::test_it", "-n", "10", "--vary", "none,order"
    )

    assert done.returncode == 0
    assert done.stdout.splitlines()[:3] == [
        "variation    runs failed  rate",
        "none            5      0  0 % (0 to 43)",
        "order           5      0  0 % (0 to 43)",
    ]
    assert done.stdout.splitlines()[-1].startswith("PASSED exit=0 | 10 runs of 1 test, 0 failed | ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--vary", "weather"), "'weather' is none of none, order, cpu, slow-io, hash-seed, clock"),
        (("-n", "0"), "'0' is not once or more often"),
        (("--date", "soon"), "'soon' is no date such as 2027-01-01 00:00:00"),
    ],
)
def test_what_cannot_be_varied_is_refused(
    project: Project, given: tuple[str, ...], said: str
) -> None:
    done = project.command("handrail", "flaky", "stress", *given)

    assert done.returncode == 3
    assert said in done.stderr
