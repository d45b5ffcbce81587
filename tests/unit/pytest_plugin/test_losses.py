"""What is said of tests and modules that did not end by themselves."""

import signal
from pathlib import Path

import pytest

from handrail.core.controlling import Loss
from handrail.execution.worker_process import Ending
from handrail.model.outcomes import Phase, Problem, ProblemKind
from handrail.pytest_plugin import losses
from handrail.pytest_plugin.problems import MAX_FRAMES
from handrail.pytest_plugin.selection import Traits

SAID = [
    (Loss.TIMED_OUT, ProblemKind.TIMEOUT, "did not end within 2s"),
    (Loss.OUT_OF_MEMORY, ProblemKind.MEMORY, "its worker used 3 GiB of memory, more than 1 GiB"),
    (
        Loss.BUDGET,
        ProblemKind.TIMEOUT,
        "was still running when the budget of the run was used up",
    ),
]
ENDING = Ending(status=-signal.SIGKILL, stacks="Thread 1", out="said", memory_bytes=3 << 30)


def of_test(loss: Loss, ending: Ending = ENDING) -> Problem:
    traits = Traits("a.py::x", ("a.py", 4, "x"), (), limit_s=2.0)
    return losses.problem_of_test(loss, ending, traits, root=Path("/p"), memory_bytes=1 << 30)


def of_module(loss: Loss, ending: Ending = ENDING) -> Problem:
    return losses.problem_of_module(loss, ending, "a.py", limit_s=2.0, memory_bytes=1 << 30)


@pytest.mark.parametrize(("loss", "kind", "message"), SAID)
def test_what_a_test_has_overstepped_is_said_with_its_limit(
    loss: Loss, kind: ProblemKind, message: str
) -> None:
    problem = of_test(loss)

    assert (problem.kind, problem.phase, problem.message) == (kind, Phase.CALL, message)
    assert (problem.path, problem.line) == ("a.py", 5)
    assert problem.text == f"{message}: a.py::x\n\nStacks of all threads:\n\nThread 1"
    assert problem.sections == (("Captured stdout call", "said"),)


@pytest.mark.parametrize(("loss", "kind", "message"), SAID)
def test_what_the_collection_of_a_module_has_overstepped_is_said_with_its_limit(
    loss: Loss, kind: ProblemKind, message: str
) -> None:
    problem = of_module(loss)

    assert (problem.kind, problem.phase, problem.message) == (kind, Phase.COLLECT, message)
    assert problem.path == "a.py"
    assert problem.text == f"{message}\n\nStacks of all threads:\n\nThread 1"


@pytest.mark.parametrize(
    ("status", "how"),
    [(3, "exit code 3"), (-signal.SIGSEGV, "SIGSEGV"), (-signal.SIGRTMIN - 1, "signal 35")],
)
def test_a_process_that_ended_is_said_to_have_and_how(status: int, how: str) -> None:
    ending = Ending(status=status)

    assert of_test(Loss.CRASHED, ending).message == f"its process ended ({how})"
    assert of_module(Loss.CRASHED, ending).message == (
        f"the process that imported this module ended ({how})"
    )
    assert of_test(Loss.CRASHED, ending).kind is ProblemKind.CRASH


def stacks(*innermost: str) -> str:
    """What faulthandler writes of a test that has called these, and of what has called it."""
    lines = [*innermost, "/p/a.py 7 x", "/p/.venv/lib/site-packages/_pytest/python.py 99 call"]
    frames = ('  File "{}", line {} in {}'.format(*line.split()) for line in lines)
    return "\n".join(("Thread 0x01 (most recent call first):", *frames))


@pytest.mark.parametrize(
    ("called", "where"),
    [
        ([], "a.py:7"),
        (["/p/src/shop.py 3 buy"], "src/shop.py:3"),
        (["/usr/lib/python3/threading.py 300 wait", "/p/src/shop.py 3 buy"], "src/shop.py:3"),
        (["/p/.venv/lib/site-packages/lib.py 1 call"], "a.py:7"),
    ],
    ids=["the test", "its project", "the standard library", "a library"],
)
def test_it_is_where_the_code_of_the_project_is(called: list[str], where: str) -> None:
    problem = of_test(Loss.TIMED_OUT, Ending(status=-9, stacks=stacks(*called)))

    assert f"{problem.path}:{problem.line}" == where
    assert len(problem.frames) == len(called) + 1


def test_of_a_deep_stack_both_ends_are_kept() -> None:
    called = [f"/usr/lib/python3/deep.py {number} go" for number in range(100)]
    problem = of_test(Loss.TIMED_OUT, Ending(status=-9, stacks=stacks(*called)))

    assert len(problem.frames) == MAX_FRAMES
    assert (problem.path, problem.line) == ("a.py", 7)
    assert problem.frames[0].path == "a.py"
    assert problem.frames[-1].line == 0
