"""What the processes of a run measured, put together."""

from typing import Any

from handrail.core.profiles import (
    Allocation,
    FixtureCost,
    ImportCost,
    SleepCost,
    collapsed,
    profile_of,
)


def measured(**more: Any) -> dict[str, Any]:
    return {"stacks": [], "fixtures": [], "imports": [], "sleeps": [], "tests": [], **more}


def test_seconds_of_all_processes_add_up() -> None:
    one = measured(stacks=[(["tests", "a"], 1.0), (["tests", "b"], 0.5)])
    two = measured(stacks=[(["tests", "a"], 2.0)])

    assert profile_of("time", [one, two]).stacks == {("tests", "a"): 3.0, ("tests", "b"): 0.5}


def test_bytes_are_those_of_the_process_with_the_highest_peak() -> None:
    one, two = measured(stacks=[(["a"], 100)]), measured(stacks=[(["a"], 60), (["b"], 50)])

    assert profile_of("memory", [one, two]).stacks == {("a",): 60, ("b",): 50}


def test_a_fixture_is_counted_in_all_workers() -> None:
    one = measured(fixtures=[("db", "session", "tests", 1, 2.0, 0.5)])
    two = measured(
        fixtures=[("db", "session", "tests", 2, 3.0, 0.25), ("x", "function", "", 1, 9.0, 0.0)]
    )

    found = profile_of("time", [one, two]).fixtures

    assert found == (
        FixtureCost(name="x", scope="function", where="", count=1, seconds=9.0),
        FixtureCost(
            name="db",
            scope="session",
            where="tests",
            count=3,
            seconds=5.0,
            teardown_s=0.75,
            workers=2,
        ),
    )


def test_an_import_costs_what_it_cost_where_it_took_longest() -> None:
    one, two = measured(imports=[("a", 0.1, 0.2)]), measured(imports=[("a", 0.3, 0.4)])

    found = profile_of("time", [one, two]).imports

    assert found == (ImportCost(module="a", own_s=0.3, all_s=0.4),)


def test_sleeps_add_up_by_the_line() -> None:
    one, two = measured(sleeps=[("a.py:3", 2, 0.5)]), measured(sleeps=[("a.py:3", 1, 0.25)])

    found = profile_of("time", [one, two]).sleeps

    assert found == (SleepCost(where="a.py:3", count=3, seconds=0.75),)


def test_the_test_with_the_highest_peak_comes_first() -> None:
    one = measured(tests=[("a::1", 10, 1), ("a::2", 30, 2)])

    found = profile_of("memory", [one]).allocations

    assert found[0] == Allocation(test="a::2", peak_bytes=30, kept_bytes=2)


def test_stacks_are_written_as_flame_graph_programs_read_them() -> None:
    stacks = {("tests", "f;g"): 0.0124, ("tests",): 0.0001}

    assert collapsed(stacks, unit=0.001) == "tests;f,g 12"
