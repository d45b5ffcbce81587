"""A suite that waits at a gate until its test has done to its run what it wants to do."""

import json
from textwrap import dedent, indent
from typing import Any

from processes import state, wait_for
from real_runs import NO_RANDOMLY, Project

GATE = """
import os, pathlib, time, pytest

def note(name):
    with open("ran.txt", "a") as file:
        file.write(name + "\\n")

@pytest.mark.parametrize("n", range(8))
def test_before(n):
    note(f"before{{n}}")
    assert n != 5

def test_gate():
    note("gate")
    {preparing}
    pathlib.Path("at-gate").write_text(str(os.getpid()))
    while not pathlib.Path("open").exists():
        {waiting}

@pytest.mark.parametrize("n", range(4))
def test_after(n):
    note(f"after{{n}}")
"""
OTHER = """
from test_gate import note

def test_other():
    note("other")
"""
BEFORE = {f"test_gate.py::test_before[{n}]" for n in range(8)}
"""These finish however the tests are spread: none of them can stand behind the gate."""
ALL = BEFORE | {
    "test_gate.py::test_gate",
    *(f"test_gate.py::test_after[{n}]" for n in range(4)),
    "test_other.py::test_other",
}
FAILING = "test_gate.py::test_before[5]"
RAN_ONCE = dict.fromkeys(
    [*(f"before{n}" for n in range(8)), "gate", *(f"after{n}" for n in range(4)), "other"], 1
)


def gated(project: Project, *, preparing: str = "pass", waiting: str = "time.sleep(0.02)") -> None:
    """14 tests in two modules. One waits; one fails before that."""
    text = GATE.format(preparing=indented(preparing, 4), waiting=indented(waiting, 8))
    project.put("conftest.py", "import os, sys\n\nsys.path.insert(0, os.path.dirname(__file__))\n")
    project.put("test_gate.py", text)
    project.put("test_other.py", OTHER)


def start(project: Project, *arguments: str, done: int = len(BEFORE), **environ: str) -> str:
    """The id of a run that stands at its gate."""
    answer = project.command(
        "handrail", "start", "--tests", "-n", "2", *NO_RANDOMLY, *arguments, **environ
    )
    assert answer.returncode == 0, answer.stderr
    wait_at_gate(project, done=done)
    return answer.stdout.splitlines()[0]


def indented(text: str, spaces: int) -> str:
    return indent(dedent(text).strip(), " " * spaces).lstrip()


def wait_at_gate(project: Project, *, done: int = len(BEFORE)) -> int:
    """The process of the test that waits, once the state tells that so many tests have finished."""
    path = project.folder / "at-gate"
    pid = int(wait_for(lambda: path.exists() and path.read_text(), "the gate"))
    wait_for(
        lambda: state(project).get("share", -1.0) >= done / len(ALL),
        lambda: f"{done} finished tests: {state(project).get('text')}",
    )
    return pid


def open_gate(project: Project) -> None:
    (project.folder / "open").touch()


def report_of(project: Project, run: str = "latest") -> dict[str, Any]:
    """What is known of a run now, with every test."""
    answer = project.command("handrail", "report", run, "--format", "json", "--tests").stdout
    found: dict[str, Any] = json.loads(answer)
    return found


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    """By node id. No test is told of twice."""
    tests = [each["name"] for each in report["tests"]]
    assert sorted(tests) == sorted(set(tests))
    return {each["name"]: each["status"] for each in report["tests"]}
