"""``handrail report import``: results of others count in history."""

import json

from real_runs import Project


def test_junit_of_plain_pytest_counts_once(project: Project) -> None:
    project.put("tests/test_it.py", "class TestA:\n    def test_a(self): assert 0\n")
    project.pytest("--junitxml", "junit.xml")

    first = project.command("handrail", "report", "import", "junit.xml", "--commit", "c0ffee")
    again = project.command("handrail", "report", "import", "junit.xml")
    known = json.loads(
        project.command("handrail", "flaky", "tests/test_it.py::TestA::test_a", "--json").stdout
    )
    broken = project.command("handrail", "report", "import", "pyproject.toml")

    assert first.stdout == "junit.xml: 1 attempt, 1 bad\n", first.stderr
    assert again.stdout == "junit.xml: was imported before\n"
    assert (known["tests"][0]["attempts"], known["tests"][0]["failures"]) == (1, 1)
    assert broken.returncode == 3
    assert broken.stderr == (
        "error: the file is no report that can be imported [usage]\n"
        "  pyproject.toml: its first character is neither < nor {\n"
        "\n"
        "hint: JUnit XML (pytest --junitxml) and CTRF are understood\n"
    )


def test_old_attempts_are_cleaned_away(project: Project) -> None:
    project.put(
        "old.xml",
        """
        <testsuite timestamp="2020-01-31T12:00:00"><testcase name="a" time="2.5"/></testsuite>
        """,
    )
    project.put("new.xml", '<testsuite><testcase name="a" time="2.5"/></testsuite>')
    project.command("handrail", "report", "import", "old.xml", "new.xml")

    cleaned = project.command("handrail", "clean", "--history", "30d")
    again = json.loads(project.command("handrail", "clean", "--json").stdout)

    assert cleaned.stdout.splitlines()[0] == (
        "removed 1 attempt from history; what is known of their tests is kept"
    )
    assert again["forgotten"] == 0
