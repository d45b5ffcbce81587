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
