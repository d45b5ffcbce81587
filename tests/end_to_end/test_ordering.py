"""``--order random``: the seed is told, kept, and repeats the order, with workers and without."""

import json

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow

SUITE = "\n".join(f"def test_{n}(): pass" for n in range(12))


def order_of_run(project: Project, *arguments: str) -> tuple[list[str], str]:
    """The order in which the tests began, and the seed."""
    done = project.run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in project.latest("events.ndjson").splitlines()]
    began = {each["test"]: each["started_at"] for each in events if each["event"] == "TestFinished"}
    return sorted(began, key=began.__getitem__), done.report["env"].get("seed", "")


def test_a_seed_repeats_the_order_with_one_worker_without_and_in_plain_pytest(
    project: Project,
) -> None:
    project.write(test_a=SUITE, sub__test_b=SUITE)

    first, seed = order_of_run(project, "--order", "random", "-n", "1")
    second, _ = order_of_run(project, "--order", f"random:{seed}", "-n", "0")
    plain = project.pytest("-v", "--handrail-order", f"random:{seed}", "-p", "no:cacheprovider")
    spawned, _ = order_of_run(
        project, "--order", f"random:{seed}", "-n", "1", "--strategy", "spawn"
    )

    assert first == second == spawned
    assert [line.split()[0] for line in plain.stdout.splitlines() if " PASSED" in line] == first
    assert f"order: random:{seed}" in plain.stdout
    assert first != sorted(first, key=lambda each: (each.startswith("test_a"), len(each), each))


def test_the_order_is_told_and_what_failed_is_run_again_in_it(project: Project) -> None:
    project.write(test_a="def test_1(): assert 0", test_b="def test_2(): pass")

    done = project.run("--order", "random:7")
    again = project.command("handrail", "rerun", "latest", "--json")

    assert "| order random:7 |" in done.lines[-1]
    assert "next: handrail run test_a.py::test_1 --order random:7" in done.stdout
    assert done.failures["test_a.py::test_1"]["rerun"].endswith(" --order random:7")
    assert json.loads(again.stdout)["env"]["seed"] == "7"


def test_a_seed_that_was_drawn_is_that_of_the_rerun(project: Project) -> None:
    project.write(test_a="def test_1(): assert 0")

    seed = project.run("--order", "random").report["env"]["seed"]
    again = project.command("handrail", "rerun", "latest", "--json")

    assert json.loads(again.stdout)["env"]["seed"] == seed


@pytest.mark.parametrize(
    ("script", "option"), [("handrail", "--order"), ("pytest", "--handrail-order")]
)
def test_where_another_plugin_shuffles_ours_refuses(
    project: Project, script: str, option: str
) -> None:
    project.write(
        test_a="def test_1(): pass",
        conftest="""
        class Randomly:
            pass

        def pytest_addoption(parser, pluginmanager):
            pluginmanager.register(Randomly(), "randomly")
        """,
    )
    command = ("run", option) if script == "handrail" else (option,)

    done = project.command(script, *command, "random:1")

    said = done.stdout + done.stderr
    assert done.returncode == (3 if script == "handrail" else 4)
    assert "pytest-randomly shuffles the tests already" in said
    assert "leave out --order, or switch it off: -p no:randomly" in said


def test_an_order_that_does_not_exist_is_refused(project: Project) -> None:
    done = project.command("handrail", "run", "--order", "reverse")

    assert done.returncode == 3
    assert "argument --order: 'reverse' is neither random nor random:SEED" in done.stderr
