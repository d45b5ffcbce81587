"""``handrail flaky bisect``: polluters, state-setters and imports found in real processes."""

import json

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow

VICTIM = "test_v.py::test_victim"


def bisected(project: Project, *arguments: str, code: int = 0) -> dict:
    done = project.command("handrail", "flaky", "bisect", *arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_two_polluters_among_others_are_found_without_a_record(project: Project) -> None:
    project.write(
        state="SEEN = set()",
        test_a="\n".join(
            f"def test_{n}():\n    import state\n    state.SEEN.add({n})" for n in range(30)
        ),
        test_v="""
        import state

        def test_victim():
            assert not {3, 17} <= state.SEEN
        """,
    )

    found = bisected(project, VICTIM)

    assert (found["kind"], found["needed_are"]) == ("victim", "tests")
    assert found["needed"] == ["test_a.py::test_3", "test_a.py::test_17"]
    assert found["failure"]["where"] == "test_v.py:4"
    assert found["candidates"] == 30
    assert found["trials"] <= 20


def test_the_order_of_the_run_in_which_it_failed_is_searched_and_reproduced(
    project: Project,
) -> None:
    project.write(
        state="VALUE = 0",
        test_a="import state\ndef test_sets(): state.VALUE = 1\ndef test_not(): pass",
        test_b="def test_b(): pass",
        test_v="import state\ndef test_victim(): assert not state.VALUE",
    )
    project.run("-n", "1", "test_b.py", "test_v.py")  # what came before it here is no polluter
    failing = project.run("-n", "1")

    done = project.command("handrail", "flaky", "bisect", VICTIM)
    *_, again, last = done.stdout.splitlines()

    assert failing.returncode == 1
    assert done.stdout.startswith(
        f"{VICTIM}\n  passes alone, and fails after this one:\n    test_a.py::test_sets\n"
    )
    assert last.startswith("VICTIM | 5 runs, ")
    assert last.endswith(f" | run={project.latest_id()}")
    assert "run 1: alone it passes" in done.stderr
    assert (
        "  left behind by test_a.py::test_sets:\n    module global state.VALUE: 0 -> 1\n"
        in done.stdout
    )
    command = again.removeprefix("  again: handrail ").split()
    assert command == ["run", "-n", "0", "test_a.py::test_sets", VICTIM]
    assert project.command("handrail", *command).returncode == 1


def test_what_a_brittle_test_needs_is_found(project: Project) -> None:
    project.write(
        state="READY = False",
        test_a="import state\ndef test_no(): pass\ndef test_sets_up(): state.READY = True",
        test_v="import state\ndef test_victim(): assert state.READY",
    )
    assert project.run("-n", "1").returncode == 0

    found = bisected(project, VICTIM)

    assert (found["kind"], found["needed"]) == ("brittle", ["test_a.py::test_sets_up"])


def test_a_module_whose_import_is_enough_is_found(project: Project) -> None:
    project.write(
        state="VALUE = 0",
        test_a="def test_a(): pass",
        test_b="import state\nstate.VALUE = 1\ndef test_b(): pass",
        test_v="import state\ndef test_victim(): assert not state.VALUE",
    )

    found = bisected(project, VICTIM)

    assert (found["kind"], found["needed_are"]) == ("victim", "modules")
    assert found["needed"] == ["test_b.py"]


def test_tests_that_end_or_block_their_process_are_left_out(project: Project) -> None:
    project.write(
        state="VALUE = 0",
        test_a="""
        import os
        import time
        import state

        def test_ends(): os._exit(3)
        def test_hangs(): time.sleep(600)
        def test_sets(): state.VALUE = 1
        """,
        test_v="import state\ndef test_victim(): assert not state.VALUE",
    )

    found = bisected(project, VICTIM, "--timeout", "1s")

    assert found["needed"] == ["test_a.py::test_sets"]
    assert found["left_out"] == ["test_a.py::test_ends", "test_a.py::test_hangs"]
    assert project.left() == []


def test_what_does_not_depend_on_its_order_is_said_to_with_what_to_try_next(
    project: Project,
) -> None:
    project.write(test_v="def test_victim(): pass", test_a="def test_a(): pass")

    done = project.command("handrail", "flaky", "bisect", VICTIM)

    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        f"{VICTIM} passes alone and after 1 other test: its order does not make it fail",
        f"next: handrail flaky stress {VICTIM} -n 100",
    ]


def test_a_test_that_is_not_there_is_refused(project: Project) -> None:
    project.write(test_a="def test_a(): pass", test_c="import nothing_there")

    done = project.command("handrail", "flaky", "bisect", "test_v.py::test_v", "test_a.py")
    broken = project.command("handrail", "flaky", "bisect", "test_v.py::test_v")

    assert (done.returncode, done.stderr) == (
        3,
        (
            "error: test_v.py::test_v is not among the 1 tests that were collected [not-collected]\n\n"
            "hint: name its tier or its folder behind it, or see what there is: handrail tiers\n"
        ),
    )
    assert "could not be collected: test_c.py" in broken.stderr


def test_a_session_that_cannot_begin_says_why(project: Project) -> None:
    project.write(test_a="def test_a(): pass", conftest="raise RuntimeError('not today')")

    done = project.command("handrail", "flaky", "bisect", "test_a.py::test_a")

    assert done.returncode == 2
    assert "error: pytest ended with exit code 4 before it could try anything [no-trials]" in (
        done.stderr
    )
    assert "RuntimeError: not today" in done.stderr
    assert "hint: see what pytest itself says: pytest --collect-only -q" in done.stderr
