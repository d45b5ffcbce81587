"""Tests that are tried again: what counts, what is told, and where it happens in the order."""

import json

import pytest
from real_runs import Project

FLAKY = """
    import os
    from pathlib import Path
    import pytest

    def tries(name):
        with open(name, "a") as file:
            file.write("x")
        return Path(name).stat().st_size

    def note(text):
        with open("order.txt", "a") as order:
            print(text, file=order)

    @pytest.fixture(scope="module")
    def wide():
        note("setup")
        yield
        note("teardown")

    def test_first(wide):
        note("first")
        assert tries("first") > 1

    class TestState:
        def test_second(self, wide):
            note("second")
            assert not hasattr(self, "touched")
            self.touched = True
            assert tries("second") > 2

    def test_third(wide):
        note("third")
    """
FIXTURE = {"setup", "teardown"}
WORKERS = pytest.mark.parametrize(
    "workers",
    [("-n", "0"), ("-n", "2"), ("-n", "2", "--strategy", "spawn")],
    ids=["one-process", "forked", "spawned"],
)


@WORKERS
def test_a_test_that_failed_is_tried_again_after_the_rest_of_its_module(
    project: Project, workers: tuple[str, ...]
) -> None:
    project.put("test_flaky.py", FLAKY)
    project.put("test_other.py", "def test_other(): pass\n")

    run = project.run("--retries", "2", "-x", *workers)

    assert run.returncode == 0, run.stdout
    assert run.report["summary"]["flaky"] == 2
    assert run.report["summary"]["passed"] == 2
    found = {each["test"].rpartition("::")[2]: each for each in run.report["flaky"]}
    assert {name: each["attempt"] for name, each in found.items()} == {
        "test_first": 2,
        "test_second": 3,
    }
    assert found["test_first"]["where"] == "test_flaky.py:22"
    assert (
        found["test_first"]["error"] == "AssertionError: assert 1 > 1\n +  where 1 = tries('first')"
    )
    order = (project.folder / "order.txt").read_text().split()
    assert order[:4] == ["setup", "first", "second", "third"]
    assert sorted(set(order[4:]) - FIXTURE) == ["first", "second"]
    ups = [each for each in order if each in FIXTURE]
    assert ups == ["setup", "teardown"] * (len(ups) // 2)
    assert order[-1] == "teardown"
    assert (
        "flaky: test_flaky.py::test_first passed on try 2 (allowed: --retries 2); "
        "first: AssertionError: assert 1 > 1 (test_flaky.py:22)"
    ) in run.lines


@WORKERS
def test_what_fails_every_time_fails_once(project: Project, workers: tuple[str, ...]) -> None:
    project.put(
        "test_bad.py",
        """
        def test_bad():
            with open("tries", "a") as file:
                file.write("x")
            assert False

        def test_good():
            pass
        """,
    )

    run = project.run("--retries", "2", *workers)

    assert run.returncode == 1
    assert (project.folder / "tries").read_text() == "xxx"
    assert run.report["summary"]["failed"] == 1
    (failure,) = run.report["failures"]
    assert (failure["count"], failure["tests"]) == (1, ["test_bad.py::test_bad"])
    assert "1 failed, 1 passed" in run.log


def test_a_test_that_ended_its_process_or_hung_is_tried_again(project: Project) -> None:
    project.put(
        "test_lost.py",
        """
        import os, time
        from pathlib import Path
        import pytest

        def test_crash():
            if not Path("crashed").exists():
                Path("crashed").touch()
                os._exit(3)

        @pytest.mark.timeout(1)
        def test_hang():
            if not Path("hung").exists():
                Path("hung").touch()
                time.sleep(600)
        """,
    )

    run = project.run("--retries", "1")

    assert run.returncode == 0, run.stdout
    assert run.report["summary"]["flaky"] == 2


def test_an_override_allows_it_with_a_reason_and_fail_on_takes_it_back(project: Project) -> None:
    project.put("test_net.py", FLAKY)
    project.put(
        "pyproject.toml",
        """
        [[tool.handrail.overrides]]
        select = "test_net.py"
        retries = 2
        reason = "issue 412"
        """,
    )

    allowed = project.run()
    for name in ("first", "second"):
        (project.folder / name).unlink()
    strict = project.run("--fail-on", "flaky")

    assert allowed.returncode == 0
    assert {each["allowed"] for each in allowed.report["flaky"]} == {"issue 412"}
    assert strict.returncode == 1
    assert strict.report["reason"] == "2 tests were flaky, and --fail-on says flaky"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_tier_allows_it_for_its_own_tests(project: Project, workers: str) -> None:
    project.put(
        "test_both.py",
        """
        import pytest

        def again(name):
            with open(name, "a") as file:
                file.write("x")
            assert False

        @pytest.mark.e2e
        def test_page():
            again("page")

        def test_unit():
            again("unit")
        """,
    )
    project.put(
        "pyproject.toml",
        """
        [tool.pytest.ini_options]
        markers = ["e2e"]
        [tool.handrail.tiers.fast]
        select = "not e2e"
        [tool.handrail.tiers.e2e]
        select = "e2e"
        retries = 2
        """,
    )

    run = project.run("--tier", "e2e", "--tier", "fast", "-n", workers)

    assert run.report["summary"]["failed"] == 2
    assert (project.folder / "page").read_text() == "xxx"
    assert (project.folder / "unit").read_text() == "x"
    events = list(map(json.loads, project.latest("events.ndjson").splitlines()))
    tiers = next(each["tiers"] for each in events if each["event"] == "RunStarted")
    collected = next(each for each in events if each["event"] == "Collected")
    assert [tiers[place] for place in collected["tier_of"]] == ["e2e", "fast"]
    assert collected["tests"] == ["test_both.py::test_page", "test_both.py::test_unit"]


def test_plain_pytest_tries_nothing_again(project: Project) -> None:
    project.put("test_flaky.py", FLAKY)
    project.put(
        "pyproject.toml",
        '[[tool.handrail.overrides]]\nselect = "**"\nretries = 2\n',
    )

    done = project.pytest()

    assert done.returncode == 1
    assert (project.folder / "first").read_text() == "x"


def test_what_another_plugin_runs_again_is_left_to_it(project: Project) -> None:
    project.put("flaky.py", "")  # stands in for the plugin of that name
    project.put(
        "test_marked.py",
        """
        import pytest

        @pytest.mark.flaky
        def test_marked():
            with open("tries", "a") as file:
                file.write("x")
            assert False
        """,
    )

    project.run("--retries", "2", "-p", "flaky", PYTHONPATH=".")

    assert (project.folder / "tries").read_text() == "x"
