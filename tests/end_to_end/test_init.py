"""``handrail init``: shown, written, done, undone."""

import json

import pytest
from real_runs import Project
from terminals import terminal

pytestmark = pytest.mark.slow
TESTS = """
    import pytest


    def test_quick():
        pass


    @pytest.mark.chaos
    def test_chaos():
        raise SystemExit("this must not run by accident")
"""


def texts(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.folder.iterdir() if path.is_file()}


def test_init_is_shown_then_written_then_done_and_can_be_undone(project: Project) -> None:
    project.put("test_a.py", TESTS)
    project.put(".gitignore", "*.pyc")
    before = texts(project)

    shown = project.command("handrail", "init")
    after_showing = texts(project)
    written = project.command("handrail", "init", "--yes")
    again = project.command("handrail", "init")
    ran = project.command("handrail", "run", "--tests", "--json")
    undone = project.command("handrail", "init", "--undo", "--yes")

    assert (shown.returncode, after_showing) == (0, before)
    assert '+[tool.handrail.tiers.chaos]\n+about = "kills services' in shown.stdout
    assert shown.stderr.endswith("nothing was written; next: handrail init --yes\n")
    assert written.returncode == 0
    assert written.stdout.startswith(shown.stdout)
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")
    report = json.loads(ran.stdout)
    assert [each["name"] for each in report["tests"]] == ["test_a.py::test_quick"]
    assert [each["gate"] for each in report["withheld"]] == ["destructive"]
    assert (undone.returncode, texts(project)) == (0, before)


def test_a_person_is_asked_and_nobody_else(project: Project) -> None:
    before = texts(project)

    with terminal(project, "init") as person:
        person.read_until(lambda: b"Apply? [y/N]" in person.shown, "the question")
        person.type(b"\n")
        assert person.read_to_end() == 0
    assert texts(project) == before
    with terminal(project, "init") as person:
        person.read_until(lambda: b"Apply? [y/N]" in person.shown, "the question")
        person.type(b"y\n")
        assert person.read_to_end() == 0
    assert b"written: pyproject.toml" in person.shown
    assert project.command("handrail", "config", "check").returncode == 0


def test_what_has_changed_since_it_was_shown_is_not_overwritten(project: Project) -> None:
    with terminal(project, "init") as person:
        person.read_until(lambda: b"Apply? [y/N]" in person.shown, "the question")
        project.put("pyproject.toml", "# somebody else's\n")
        person.type(b"y\n")
        assert person.read_to_end() == 2

    assert texts(project) == {"pyproject.toml": b"# somebody else's\n"}
    assert b"[changed-meanwhile]" in person.shown


def test_a_program_reads_what_would_be_done(project: Project) -> None:
    done = project.command("handrail", "init", "--json")

    found = json.loads(done.stdout)
    assert (found["schema"], found["is_applied"], found["notes"]) == ("handrail.init/1", False, [])
    assert [(each["path"], each["action"]) for each in found["changes"]] == [
        ("pyproject.toml", "change"),
        ("AGENTS.md", "create"),
    ]
    assert found["changes"][1]["diff"].startswith("--- /dev/null\n+++ b/AGENTS.md\n")


def test_settings_of_pytest_are_moved_where_the_same_tests_are_collected(project: Project) -> None:
    project.put("tests/test_a.py", TESTS)
    project.put("other/test_b.py", TESTS)
    project.put("pytest.ini", "[pytest]\n# only these\ntestpaths = tests\nmarkers = chaos: kills\n")

    done = project.command("handrail", "init", "--pytest-ini", "--yes")

    assert done.returncode == 0
    assert done.stderr == "proof: the same 2 tests are collected before and after, in a copy\n"
    assert not (project.folder / "pytest.ini").exists()
    assert (project.folder / "pyproject.toml").read_text("utf-8") == (
        '[project]\nname = "some-project"\nversion = "1"\n\n'
        '[tool.pytest.ini_options]\n# only these\ntestpaths = ["tests"]\nmarkers = ["chaos: kills"]\n'
    )
    assert project.command("handrail", "init", "--pytest-ini").stdout == "nothing to do\n"


def test_settings_are_not_moved_where_other_tests_would_be_collected(project: Project) -> None:
    project.put("test_a.py", TESTS)
    project.put("test_b.py", TESTS)
    project.put("conftest.py", """
        import os

        collect_ignore = [] if os.path.exists("pytest.ini") else ["test_b.py"]
    """)  # fmt: skip
    project.put("pytest.ini", "[pytest]\n")
    before = texts(project)

    done = project.command("handrail", "init", "--pytest-ini", "--yes")

    assert (done.returncode, done.stdout, texts(project)) == (3, "", before)
    assert done.stderr == (
        "error: pytest would not collect the same tests; nothing was written [collection-differs]\n"
        "  gone: test_b.py::test_quick\n"
        "  gone: test_b.py::test_chaos\n"
        "\n"
        "hint: what these tests depend on is no longer where they look for it\n"
    )


def test_where_nothing_is_collected_nothing_is_proven(project: Project) -> None:
    project.put("pytest.ini", "[pytest]\n")

    done = project.command("handrail", "init", "--pytest-ini", "--yes")

    assert done.returncode == 3
    assert done.stderr.startswith(
        "error: pytest collects no test here: there is nothing to compare [cannot-collect]\n"
    )
    assert done.stderr.endswith("\nhint: pytest --collect-only; mend what it says\n")


def test_one_thing_at_a_time(project: Project) -> None:
    several = project.command("handrail", "init", "--pytest-ini", "--strict")
    undone = project.command("handrail", "init", "--undo", "--strict")

    assert several.stderr == (
        "error: one thing at a time [usage]\n\nhint: handrail init --pytest-ini\n"
    )
    assert undone.stderr == (
        "error: --undo takes every block out [usage]\n\nhint: handrail init --undo\n"
    )
