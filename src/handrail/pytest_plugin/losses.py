"""What to say of tests and modules that did not end by themselves."""

from pathlib import Path

from handrail.core.controlling import Loss
from handrail.execution.worker_process import Ending
from handrail.model.events import RunProblem
from handrail.model.outcomes import Phase, Problem, ProblemKind, Verdict
from handrail.model.units import format_duration, format_size
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.selection import Traits


def problem_of_test(
    loss: Loss,
    ending: Ending,
    traits: Traits,
    *,
    root: Path,
    memory_bytes: int | None,
    is_late: bool = False,
) -> Problem:
    """The problem of a test that was killed, or whose worker died. ``memory_bytes``: the limit.

    ``is_late``: not the test, but the teardown of the session that followed in its name.
    """
    kind, message = _words(loss, ending, traits.limit_s, memory_bytes)
    if is_late:
        message = f"tearing down what lived for the whole session: {message}"
    path = traits.location[0]
    frames = problems.stack_frames(ending.stacks, root, (path, str(Path(root, path))))
    last = problems.innermost_own(frames, root)
    return Problem(
        kind=kind,
        phase=Phase.TEARDOWN if is_late else Phase.CALL,
        message=message,
        path=last.path if last else path,
        line=last.line if last else (traits.location[1] or 0) + 1,
        frames=frames,
        text=f"{message}: {traits.nodeid}{_stacks(ending)}",
        sections=tuple(sections_of(ending)),
    )


def problem_of_module(
    loss: Loss, ending: Ending, nodeid: str, *, limit_s: float, memory_bytes: int | None
) -> Problem:
    """The problem of a module that could not be collected because its worker ended."""
    kind, message = _words(loss, ending, limit_s, memory_bytes)
    if loss is Loss.CRASHED:
        message = f"the process that imported this module ended ({ending.text})"
    return Problem(
        kind=kind,
        phase=Phase.COLLECT,
        message=message,
        path=nodeid,
        text=f"{message}{_stacks(ending)}",
    )


def sections_of(ending: Ending) -> list[tuple[str, str]]:
    """What the test had written when its process ended, titled as pytest does."""
    pairs = (("Captured stdout call", ending.out), ("Captured stderr call", ending.err))
    return [(title, problems.tail(text)) for title, text in pairs if text]


def _stacks(ending: Ending) -> str:
    return f"\n\nStacks of all threads:\n\n{ending.stacks}" if ending.stacks else ""


def _words(
    loss: Loss, ending: Ending, limit_s: float, memory_bytes: int | None
) -> tuple[ProblemKind, str]:
    match loss:
        case Loss.TIMED_OUT:
            return ProblemKind.TIMEOUT, f"did not end within {format_duration(limit_s)}"
        case Loss.OUT_OF_MEMORY:
            used, most = format_size(ending.memory_bytes), format_size(memory_bytes or 0)
            return ProblemKind.MEMORY, f"its worker used {used} of memory, more than {most}"
        case Loss.BUDGET:
            text = "was still running when the budget of the run was used up"
            return ProblemKind.TIMEOUT, text
        case _:
            return ProblemKind.CRASH, f"its process ended ({ending.text})"


def asked_to_exit(reason: str, at: float) -> RunProblem:
    """Somebody has called ``pytest.exit``."""
    return RunProblem(
        at=at,
        verdict=Verdict.STOPPED,
        code="exit",
        message=f"pytest.exit was called: {reason}",
    )


def interrupted_itself(test: str, at: float) -> RunProblem:
    """A test has raised what only Ctrl-C should."""
    return RunProblem(
        at=at,
        verdict=Verdict.STOPPED,
        code="interrupted",
        message=f"{test} raised KeyboardInterrupt, which ends a pytest session",
        fix="let the test raise something else, or catch it with pytest.raises",
    )


def workers_die(ending: Ending, at: float) -> RunProblem:
    """Workers cannot live here."""
    return RunProblem(
        at=at,
        verdict=Verdict.INFRA_ERROR,
        code="workers-die",
        message=f"workers end before they run anything ({ending.text})",
        fix="see pytest.log of this run; `handrail run -n 0` runs without workers",
    )
