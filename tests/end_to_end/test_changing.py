"""``run --changed``: what a change affects runs, nothing that is needed is left out."""

import json
import sys

import pytest
from real_runs import Project, Run

SEES_FUNCTIONS = sys.version_info >= (3, 12)


@pytest.fixture
def shop(project: Project) -> Project:
    project.put("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")
    project.put("rates.py", "RATE = 2\n")
    project.put(
        "shop.py",
        """
        from rates import RATE

        def total(prices):
            return sum(prices)

        def taxed(price):
            return price * RATE
        """,
    )
    project.put("table.json", "[1]")
    project.put(
        "conftest.py",
        """
        import json
        import pathlib
        import pytest

        @pytest.fixture(scope="session")
        def table():
            return json.loads(pathlib.Path(__file__).with_name("table.json").read_text())
        """,
    )
    project.put(
        "test_shop.py",
        """
        import shop

        def test_total():
            assert shop.total([1, 2]) == 3

        def test_taxed():
            assert shop.taxed(1) == 2
        """,
    )
    project.put(
        "test_other.py",
        """
        import subprocess
        import sys

        def test_table(table):
            assert table

        def test_table_once_more(table):
            assert table

        def test_process():
            subprocess.run([sys.executable, "-c", ""], check=True)

        def test_alone():
            pass
        """,
    )
    return project


TABLE = {"test_other.py::test_table", "test_other.py::test_table_once_more"}
PROCESS = {"test_other.py::test_process"}


def names(run: Run) -> set[str]:
    assert not run.left
    return set(run.outcomes)


def edit(project: Project, name: str, old: str, new: str) -> None:
    path = project.folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("way", ["-n0", "--strategy=auto", "--strategy=spawn"])
def test_what_a_change_affects_runs_and_nothing_else(shop: Project, way: str) -> None:
    ways = ("-n", "0") if way == "-n0" else ("-n", "2", way)
    first = shop.run("--changed", *ways)
    edit(shop, "shop.py", "def total", "# the sum\ndef total")
    nothing = shop.run("--changed", *ways)
    (shop.folder / "table.json").write_text("[2]")
    of_data = shop.run("--changed", *ways)
    edit(shop, "rates.py", "2", "2.0")
    of_code = shop.run("--changed", *ways)

    assert (first.returncode, len(names(first))) == (0, 6)
    assert (nothing.returncode, names(nothing)) == (0, set())
    assert names(of_data) == TABLE | PROCESS
    assert names(of_code) == {"test_shop.py::test_total", "test_shop.py::test_taxed"} | PROCESS
    assert of_code.report["notes"][0]["text"] == (
        "3 of 6 recorded tests are affected by what has changed; tests without a record run too"
    )


@pytest.mark.skipif(not SEES_FUNCTIONS, reason="functions are seen by sys.monitoring, Python 3.12")
def test_a_change_in_a_function_runs_the_tests_that_ran_it(shop: Project) -> None:
    shop.run("--changed")
    edit(shop, "shop.py", "price * RATE", "RATE * price")

    dry = shop.command("handrail", "run", "--changed", "--dry-run", "--json")
    run = shop.run("--changed")

    assert json.loads(dry.stdout)["affected"] == [
        {
            "test": "test_other.py::test_process",
            "reason": "it starts a process, of which nothing is seen",
        },
        {"test": "test_shop.py::test_taxed", "reason": "shop.py: taxed has changed"},
    ]
    assert names(run) == {"test_shop.py::test_taxed"} | PROCESS


def test_a_test_that_failed_runs_until_it_passes_and_so_does_one_that_is_new(shop: Project) -> None:
    edit(shop, "test_shop.py", "== 3", "== 4")
    shop.run("--changed")
    edit(shop, "test_other.py", "pass\n", "pass\n\ndef test_new():\n    pass\n")

    run = shop.run("--changed")

    assert {"test_shop.py::test_total", "test_other.py::test_new"} <= names(run)
    assert "test_shop.py::test_taxed" not in names(run)
    assert run.returncode == 1


def test_what_is_affected_and_did_not_run_runs_next_time(shop: Project) -> None:
    shop.run("--changed")
    edit(shop, "pyproject.toml", "[tool", "# configuration\n[tool")
    shop.run("--changed", "test_shop.py")

    run = shop.run("--changed")

    assert names(run) == TABLE | PROCESS | {"test_other.py::test_alone"}


def test_verifying_runs_everything_and_tells_what_would_have_been_missed(shop: Project) -> None:
    shop.put("test_env.py", "import os\n\ndef test_env():\n    assert 'BREAK' not in os.environ\n")
    shop.run("--changed")

    good = shop.run("--changed", "--verify")
    bad = shop.run("--changed", "--verify", BREAK="1")

    assert good.report["changed"]["verified"] == {"rest": 7, "missed": []}
    assert bad.report["changed"]["verified"] == {"rest": 7, "missed": ["test_env.py::test_env"]}
    assert (good.returncode, len(names(good))) == (0, 7)
    assert bad.returncode == 1
    assert bad.report["notes"][-1]["text"] == (
        "selection would have missed 1 failures among the 7 tests that it leaves out "
        "(1 of 2 runs --verify missed one): test_env.py::test_env"
    )


@pytest.mark.parametrize("workers", ["0", "2"])
def test_verifying_runs_what_is_affected_first_and_the_rest_afterwards(
    shop: Project, workers: str
) -> None:
    shop.run("--changed")
    edit(shop, "rates.py", "2", "2.0")

    run = shop.run("--changed", "--verify", "-n", workers)

    (process, shop_tests) = sorted(
        run.report["changed"]["affected"], key=lambda each: len(each["tests"])
    )
    assert process["reason"] == "it starts a process, of which nothing is seen"
    assert shop_tests == {
        "reason": "rates.py: what runs when it is imported has changed",
        "tests": ["test_shop.py::test_taxed", "test_shop.py::test_total"],
    }
    affected = {*process["tests"], *shop_tests["tests"]}
    events = map(json.loads, shop.latest("events.ndjson").splitlines())
    began = {each["test"]: each["started_at"] for each in events if "outcome" in each}
    assert len(began) == 6
    assert max(began[each] for each in affected) <= min(
        at for test, at in began.items() if test not in affected
    )


def test_since_a_commit_that_git_does_not_know_is_refused(shop: Project) -> None:
    done = shop.command("handrail", "run", "--changed=nowhere")

    assert done.returncode == 3
    assert "error: git cannot tell what has changed since nowhere [no-such-commit]" in done.stderr


def test_verifying_without_a_selection_is_refused(shop: Project) -> None:
    done = shop.command("handrail", "run", "--verify")

    assert done.returncode == 3
    assert done.stderr.strip() == (
        "error: --verify goes with --changed [usage]\n\nhint: handrail run --changed --verify"
    )
