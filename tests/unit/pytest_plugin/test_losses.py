"""What is said of tests and modules that did not end by themselves."""

import signal
from pathlib import Path

import pytest

from handrail.core.controlling import Loss
from handrail.execution.worker_process import Ending
from handrail.model.outcomes import Phase, Problem, ProblemKind
from handrail.pytest_plugin import losses
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
