"""``run --shard``: parts of a suite on several machines, and their proof when they are merged."""

import pytest
from real_runs import Project


@pytest.fixture
def several(project: Project) -> Project:
    project.write(
        test_one="def test_a(): pass\ndef test_b(): pass\n",
        test_two="""
            import pytest

            @pytest.fixture(scope="module")
            def wide(): ...

            @pytest.mark.parametrize("n", range(3))
            def test_it(wide, n): pass
            """,
        test_three="def test_a(): pass\n",
        test_none="import pytest\npytest.skip('not here', allow_module_level=True)\n",
    )
    return project


@pytest.mark.parametrize("way", ["-n0", "--strategy=collect-then-fork", "--strategy=auto"])
def test_two_shards_run_every_test_once_and_three_are_asked_for(several: Project, way: str) -> None:
    ways = ("-n", "0") if way == "-n0" else ("-n", "2", way)
    runs = [several.run("--shard", f"{number}/3", *ways) for number in (1, 2, 3)]
    ids = [run.report["run_id"] for run in runs]

    assert [run.returncode for run in runs] == [0, 0, 0]
    assert runs[0].report["shard"] == {"name": "1/3", "tests_in_all": 7, "by": "count"}
    names = [name for run in runs for name in run.outcomes]
    assert sorted(names) == sorted(set(names))
    assert len(names) == 7
    folders = [f".handrail/runs/{each}" for each in ids]
    done = several.command("handrail", "report", "merge", *folders)
    assert done.returncode == 0
    assert "| shards 1-3/3 | 6 passed, 1 skipped |" in done.stdout

    lacking = several.command("handrail", "report", "merge", *folders[:2])

    assert lacking.returncode == 2
    assert "problem: shard 3/3 is missing: its tests did not run [shard-missing]" in lacking.stdout


def test_a_shard_without_tests_is_a_pass_and_recorded_times_count(several: Project) -> None:
    several.run()
    written = several.command(
        "handrail", "report", "--format", "durations", "-o", ".handrail-durations.json"
    )
    runs = [several.run("--shard", f"{number}/9") for number in range(1, 10)]

    assert written.returncode == 0
    assert {run.returncode for run in runs} == {0}
    assert sum(len(run.outcomes) for run in runs) == 7
    assert any(not run.outcomes for run in runs)
    assert {run.report["shard"]["by"] for run in runs} == {"time"}


def test_what_failed_in_a_shard_is_run_again_and_nothing_of_the_others(several: Project) -> None:
    several.write(test_one="def test_a(): assert 0\ndef test_b(): pass\n")
    first = next(
        run
        for run in (several.run("--shard", f"{n}/2") for n in (1, 2))
        if run.outcomes.get("test_one.py::test_a") == "failed"
    )
    several.write(test_one="def test_a(): pass\ndef test_b(): pass\n")

    done = several.command("handrail", "rerun", first.report["run_id"], "--json", "--tests")

    assert done.returncode == 0
    assert '"name": "test_one.py::test_a"' in done.stdout
    assert '"total": 1,' in done.stdout


def test_what_is_no_shard_is_refused(several: Project) -> None:
    done = several.command("handrail", "run", "--shard", "3/2")

    assert done.returncode == 3
    assert "argument --shard: '3/2' is not a shard such as 2/5" in done.stderr
