"""``run --profile`` and ``report --where``: where time and memory went, and what to do about it."""

import json
from typing import Any

import pytest
from real_runs import Project


@pytest.fixture
def slow(project: Project) -> Project:
    project.write(
        conftest="""
            import time
            import pytest

            @pytest.fixture(scope="session")
            def wide():
                time.sleep(0.3)
                yield
                time.sleep(0.15)
            """,
        heavy="""
            import time
            until = time.perf_counter() + 0.3
            while time.perf_counter() < until: pass
            """,
    )
    for name in "ab":
        project.put(
            f"test_{name}.py",
            """
            import heavy
            import time

            def spin(seconds):
                until = time.perf_counter() + seconds
                while time.perf_counter() < until: pass

            def test_spins(wide):
                spin(0.4)

            def test_allocates(wide):
                kept = bytes(4_000_000)
                time.sleep(0.25)
                assert kept

            def test_awaits():
                import asyncio

                async def nap():
                    await asyncio.sleep(0.1)

                async def together():
                    await asyncio.gather(nap(), nap(), nap())

                asyncio.run(together())
            """,
        )
    return project


def where(project: Project) -> dict[str, Any]:
    done = project.command("handrail", "report", "--where", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("way", ["-n0", "--strategy=auto", "--strategy=spawn"])
def test_a_profile_of_time_names_fixtures_imports_sleeps_and_functions(
    slow: Project, way: str
) -> None:
    run = slow.run(*(("-n", "0") if way == "-n0" else (way,)), "--profile", "time")
    found = where(slow)

    assert run.returncode == 0, run.stdout
    fixtures = {each["name"]: each for each in found["profile"]["fixtures"]}
    assert fixtures["wide"]["seconds"] >= 0.3
    assert fixtures["wide"]["scope"] == "session"
    assert fixtures["wide"]["teardown_s"] >= 0.15
    assert {each["module"]: each["own_s"] > 0.25 for each in found["profile"]["imports"]}["heavy"]
    sleeps = {each["where"]: each for each in found["profile"]["sleeps"]}
    assert {"conftest.py:6", "test_a.py:13", "test_b.py:13"} <= sleeps.keys()
    nap = sleeps["test_a.py:20"]
    assert nap["count"] == 3
    assert 0.1 <= nap["seconds"] < 0.3
    stacks = slow.latest("profile/stacks.txt")
    assert "tests;test_spins (test_a.py:8);spin (test_a.py:4)" in stacks
    assert slow.latest("profile/flame.svg").startswith("<svg ")
    assert {"sleep", "import"} <= {each["code"] for each in found["advice"]}
    assert run.report["artifacts"]["profile"] == "profile"
    assert not run.left


def test_a_profile_of_memory_names_the_tests_with_the_highest_peaks(slow: Project) -> None:
    run = slow.run("--profile", "memory")
    found = where(slow)

    assert run.returncode == 0, run.stdout
    first, second, *_ = found["profile"]["allocations"]
    assert {first["test"], second["test"]} == {
        "test_a.py::test_allocates",
        "test_b.py::test_allocates",
    }
    assert 4_000_000 <= first["peak_bytes"] < 6_000_000
    assert first["kept_bytes"] < 1_000_000
    stacks = slow.latest("profile/stacks.txt")
    assert "test_a.py:12 3906" in stacks or "test_b.py:12 3906" in stacks


def test_without_a_profile_there_is_what_the_events_tell(slow: Project) -> None:
    slow.run()

    done = slow.command("handrail", "report", "--where")

    assert done.returncode == 0
    assert "fixtures, imports and sleeps: handrail run --profile time" in done.stdout
    assert where(slow)["profile"] is None


def test_a_format_that_it_has_not_is_refused(slow: Project) -> None:
    slow.run()

    done = slow.command("handrail", "report", "--where", "--format", "junit")

    assert done.returncode == 3
    assert "error: --where has no format junit [usage]" in done.stderr
