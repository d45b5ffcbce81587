"""``handrail report --compare``, on two runs."""

import json

from real_runs import Project


def test_two_runs_are_compared(project: Project) -> None:
    project.put("test_it.py", "def test_a(): assert 0\n\ndef test_b(): pass\n")
    project.run()
    before = project.latest_id()
    project.put("test_it.py", "def test_a(): pass\n\ndef test_c(): pass\n")
    project.run()

    told = project.command("handrail", "report", "--compare", before)
    found = json.loads(
        project.command("handrail", "report", "--compare", before, "--format", "json").stdout
    )
    refused = project.command("handrail", "report", "--compare", before, "--format", "junit")

    assert told.returncode == 0
    assert "1 fixed, 1 added, 1 removed" in told.stdout
    assert (found["before"], found["fixed"]) == (before, ["test_it.py::test_a"])
    assert (found["added"], found["removed"]) == (["test_it.py::test_c"], ["test_it.py::test_b"])
    assert (refused.returncode, refused.stderr) == (
        3,
        (
            "error: there is no comparison in the format junit [usage]\n"
            "\n"
            "hint: handrail report --compare RUN; --format json or html\n"
        ),
    )
