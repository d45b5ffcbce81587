"""What comes after a run: the rest of it, one failure in full, several runs as one, old ones removed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from processes import wait_for
from real_runs import Project

THREE = """
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("name", ["a", "b", "c"])
    def test_it(name):
        with open("ran.txt", "a") as ran:
            print(name, file=ran)
        assert not Path(f"break-{name}").exists()
    """


WAITING = """
    import time
    from pathlib import Path
    import pytest

    @pytest.mark.parametrize("n", range(4))
    def test_n(n):
        Path(f"begun-{n}").touch()
        while not Path("open").exists():
            time.sleep(0.02)
    """


def waiting(project: Project) -> None:
    """Tests that wait until somebody opens."""
    project.put("test_waiting.py", WAITING)


def wait_until_begun(project: Project) -> None:
    wait_for((project.folder / "begun-0").exists, "the first test")


def let_go(project: Project) -> None:
    (project.folder / "open").touch()


@pytest.fixture
def three(project: Project) -> Project:
    project.put("test_three.py", THREE)
    return project


def forget(project: Project) -> None:
    (project.folder / "ran.txt").unlink(missing_ok=True)


def test_rerunning_converges_to_green(three: Project) -> None:
    for name in "ab":
        three.put(f"break-{name}", "")
    assert three.run().returncode == 1

    for mended, expected in (("a", {"a": 1, "b": 1}), ("b", {"b": 1})):
        forget(three)
        (three.folder / f"break-{mended}").unlink()
        done = three.command("handrail", "rerun")
        assert three.counts() == expected
        assert done.returncode == (1 if mended == "a" else 0)
    forget(three)

    nothing = three.command("handrail", "rerun")

    assert nothing.returncode == 0
    assert three.counts() == {}


def test_what_is_new_since_is_run_and_the_selection_stays(three: Project) -> None:
    three.run("-k", "a or new")
    forget(three)
    three.put("test_more.py", "def test_new():\n    pass\n\ndef test_other():\n    pass\n")

    three.command("handrail", "rerun", "--tests")

    report = json.loads(three.latest("report.json"))
    assert report["summary"]["passed"] == 1
    assert three.counts() == {}
    ran = three.command("handrail", "report", "--format", "json", "--tests").stdout
    assert [each["name"] for each in json.loads(ran)["tests"]] == ["test_more.py::test_new"]


def test_one_failure_is_rerun_and_the_others_are_still_left_afterwards(three: Project) -> None:
    three.put("break-a", "")
    three.put("test_other.py", "def test_other():\n    assert [] == [1]\n")
    first = three.run()
    names = {each["tests"][0]: each["id"] for each in first.report["failures"]}
    forget(three)
    (three.folder / "break-a").unlink()

    one = three.command("handrail", "rerun", "latest", names["test_three.py::test_it[a]"])
    assert (one.returncode, three.counts()) == (0, {"a": 1})
    rest = three.command("handrail", "rerun", "--format", "agent")

    assert rest.returncode == 1
    assert "test_other.py::test_other" in rest.stdout
    assert three.counts() == {"a": 1}


def test_a_gate_that_was_opened_for_a_run_is_not_opened_for_the_rest_of_it(three: Project) -> None:
    three.put(
        "pyproject.toml",
        """
        [tool.handrail]
        default-tier = "careful"
        [tool.handrail.tiers.careful]
        gate = "flag"
        [tool.handrail.gates.flag]
        require = "flag"
        """,
    )
    three.put("break-a", "")
    assert three.run("careful", "--allow", "flag").returncode == 1
    forget(three)

    done = three.command("handrail", "rerun")

    assert done.returncode == 5
    assert "it needs --allow flag" in done.stderr
    assert three.counts() == {}


def test_what_a_stopped_run_left_out_is_run(project: Project) -> None:
    waiting(project)
    begun = project.command("handrail", "start", "-n", "1")
    wait_until_begun(project)
    project.command("handrail", "stop", begun.stdout.split()[0])
    let_go(project)

    done = project.command("handrail", "rerun", "--format", "json", "--tests")

    assert done.returncode == 0
    assert json.loads(done.stdout)["summary"]["passed"] == 4


def test_a_run_from_elsewhere_is_explained_reported_and_rerun(three: Project) -> None:
    three.put("break-b", "")
    run_id = three.run().report["run_id"]
    shutil.copytree(three.folder / ".handrail/runs" / run_id, three.folder / "from-ci/x")
    shutil.rmtree(three.folder / ".handrail")
    forget(three)

    explained = three.command("handrail", "explain", "from-ci/x", "F1")
    reported = three.command("handrail", "report", "./from-ci/x", "--format", "junit")
    rerun = three.command("handrail", "rerun", "from-ci/x")

    assert "test_three.py::test_it[b]" in explained.stdout
    assert 'failures="1"' in reported.stdout
    assert rerun.returncode == 1
    assert three.counts() == {"b": 1}


def test_merged_runs_have_one_verdict(three: Project) -> None:
    three.put("break-c", "")
    folders = []
    for name in "abc":
        three.run(f"test_three.py::test_it[{name}]")
        folders.append(str(Path(".handrail/runs", three.latest_id())))

    done = three.command("handrail", "report", "merge", *folders)

    assert done.returncode == 1
    assert done.stdout.startswith("FAILED exit=1 | fast | 3: 2 passed, 1 failed")
    good = three.command("handrail", "report", "merge", *folders[:2])
    assert (good.returncode, "2 passed" in good.stdout) == (0, True)


def test_one_failure_is_told_in_full(project: Project) -> None:
    project.put(
        "test_sum.py",
        """
        def total(prices):
            print("adding", len(prices))
            discount = 3
            return sum(prices) - discount

        def test_total():
            order = {"id": 17, "prices": [1, 2]}
            assert total(order["prices"]) == 3
        """,
    )
    project.run()

    told = project.command("handrail", "explain", "latest", "F1").stdout

    for part in ("assert 0 == 3", "order = {'id': 17, 'prices': [1, 2]}", "adding 2"):
        assert part in told
    assert "history: it was not seen before" in told
    again = project.run()
    told = project.command("handrail", "explain", again.report["run_id"], "test_sum.py::test_total")
    assert "history: FF (oldest first, this run last)" in told.stdout


def test_the_commits_since_a_test_passed_are_named(project: Project) -> None:
    def git(*words: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *name, *words], cwd=project.folder, check=True, capture_output=True)

    project.put(".gitignore", ".handrail\n__pycache__\n")
    project.put("test_it.py", "def test_it():\n    assert 1 == 1\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "all is well")
    assert project.run().returncode == 0
    project.put("test_it.py", "def test_it():\n    assert 1 == 2\n")
    git("commit", "-qam", "break it")
    assert project.run().returncode == 1

    told = json.loads(project.command("handrail", "explain", "latest", "F1", "--json").stdout)

    assert [each.partition(" ")[2] for each in told["commits_since"]] == ["break it"]
    assert len(told["passed_at"]) == 40


def test_runs_are_listed_and_removed(three: Project) -> None:
    ids = []
    for _ in range(3):
        three.run()
        ids.append(three.latest_id())

    listed = json.loads(three.command("handrail", "runs", "--json").stdout)["runs"]
    removed = json.loads(three.command("handrail", "clean", "--keep", "1", "--json").stdout)

    assert [each["run_id"] for each in listed] == ids[::-1]
    assert all(each["line"].startswith("PASSED exit=0 | fast | 3 passed") for each in listed)
    assert sorted(removed["removed"]) == sorted(ids[:2])
    assert removed["bytes"] > 0
    assert three.command("handrail", "runs").stdout.splitlines()[0].startswith(ids[2])


def test_a_run_that_goes_on_is_joined_and_never_removed(project: Project) -> None:
    waiting(project)
    first = project.command("handrail", "start").stdout.split()[0]
    wait_until_begun(project)

    again = project.command("handrail", "start")
    other = project.command("handrail", "start", "-k", "0").stdout.split()[0]
    new = project.command("handrail", "start", "--new").stdout.split()[0]
    project.command("handrail", "clean", "--keep", "0")
    watched = project.open("run", "--format", "agent")
    assert watched.stderr is not None
    said = watched.stderr.readline()
    let_go(project)

    assert again.stdout.split()[0] == first
    assert len({first, other, new}) == 3
    out, _ = watched.communicate(timeout=60)
    assert watched.returncode == 0
    assert f"run={new}" in out
    assert said == f"run {new} does the same: joined (--new begins another)\n"
    for run_id in (first, other, new):
        assert project.command("handrail", "wait", run_id).returncode == 0


def test_a_run_is_not_joined_when_a_source_has_changed_since(project: Project) -> None:
    waiting(project)
    first = project.command("handrail", "start").stdout.split()[0]
    wait_until_begun(project)
    project.put("unrelated.py", "changed = True\n")

    second = project.command("handrail", "start").stdout.split()[0]
    let_go(project)

    assert second != first
    for run_id in (first, second):
        project.command("handrail", "wait", run_id)
