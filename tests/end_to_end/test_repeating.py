"""``handrail run --repeat``: again and again, until one run is not green."""

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow


def test_it_runs_as_often_as_asked_for(project: Project) -> None:
    project.write(
        test_a="""
        def test_it():
            with open("ran.txt", "a") as file:
                file.write("once\\n")
        """
    )

    done = project.command("handrail", "run", "--repeat", "3")

    assert done.returncode == 0, done.stderr
    assert project.counts() == {"once": 3}
    assert done.stdout.count("PASSED exit=0") == 3
    assert [line for line in done.stderr.splitlines() if line.startswith("run ")] == [
        "run 1 of 3",
        "run 2 of 3",
        "run 3 of 3",
    ]


def test_it_stops_at_the_first_that_is_not_green(project: Project) -> None:
    project.write(
        test_a="""
        import os

        def test_the_second_time_is_the_last():
            with open("ran.txt", "a") as file:
                file.write("once\\n")
            assert os.path.getsize("ran.txt") < 10
        """
    )

    done = project.command("handrail", "run", "--repeat=5")

    assert done.returncode == 1
    assert project.counts() == {"once": 2}
    assert "note: 3 of the runs that were asked for did not begin" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--repeat", "0"), "'0' is not once or more often"),
        (("--repeat", "2", "--watch"), "--watch cannot be combined with --repeat"),
    ],
)
def test_what_cannot_be_repeated_is_refused(
    project: Project, given: tuple[str, ...], said: str
) -> None:
    done = project.command("handrail", "run", *given)

    assert done.returncode == 3
    assert said in done.stderr
