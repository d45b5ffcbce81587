"""What is told of a session that has ended and cannot tell it itself."""

import pytest
from made_events import collected, ended, log

from handrail.core.folding import fold
from handrail.core.session_end import SessionEnd, did_not_begin, untold
from handrail.model.events import (
    CollectionFailed,
    Event,
    Progress,
    Running,
    RunProblem,
    SessionFinished,
    TestFinished,
)
from handrail.model.outcomes import Outcome, Phase, ProblemKind, Verdict

AT = 200.0
HANGS = Running(test="test_a.py::test_a", for_s=3.0, worker="", limit_s=2.0)
CONFTEST = """ImportError while loading conftest '/project/sub/conftest.py'.
sub/conftest.py:3: in <module>
    import nothing
E   ModuleNotFoundError: No module named 'nothing'
"""


def told(*events: Event, **end: object) -> list[Event]:
    return untold(fold(log(*events)), SessionEnd(**{"exit_code": 0, **end}), AT)


def importing(module: str) -> Progress:
    return Progress(at=101.0, running=(Running(test=module, for_s=0.0, worker=""),))


@pytest.mark.parametrize("exit_code", [0, 1, 5])
def test_a_session_that_told_of_its_end_has_told_everything(exit_code: int) -> None:
    assert told(collected("a"), ended(exit_code), exit_code=exit_code) == []


@pytest.mark.parametrize(("exit_code", "how"), [(3, "exit code 3"), (-9, "signal 9")])
def test_a_session_that_ended_without_a_word_is_lost(exit_code: int, how: str) -> None:
    assert told(collected("a"), exit_code=exit_code) == [
        RunProblem(
            at=AT,
            verdict=Verdict.INFRA_ERROR,
            code="session-lost",
            message=f"the pytest session ended before its time ({how})",
            fix="see pytest.log of this run: a conftest or a plugin may end the process",
        )
    ]


def test_a_module_that_ended_the_session_which_imported_it_could_not_be_collected() -> None:
    failure, session = told(importing("test_a.py"), exit_code=-11)

    assert isinstance(failure, CollectionFailed)
    assert (failure.node, failure.problem.path) == ("test_a.py", "test_a.py")
    assert failure.problem.kind is ProblemKind.CRASH
    assert failure.problem.message == "the process that imported this module ended (signal 11)"
    assert session == SessionFinished(at=AT, pytest_exit=1)


@pytest.mark.parametrize("exit_code", [0, 5])
def test_a_list_may_end_without_a_session(exit_code: int) -> None:
    assert told(exit_code=exit_code, is_listing=True) == [
        SessionFinished(at=AT, pytest_exit=exit_code)
    ]


@pytest.mark.parametrize(
    ("how", "message"), [("interrupted", "stopped by Ctrl-C"), ("terminated", "stopped")]
)
def test_a_session_that_somebody_stopped_is_not_lost(how: str, message: str) -> None:
    assert told(collected("a"), exit_code=-15, stop_asked=how) == [
        RunProblem(at=AT, verdict=Verdict.STOPPED, code=how, message=message)
    ]


def test_a_test_for_which_the_session_was_ended_has_failed() -> None:
    finished, problem, session = told(collected("a"), exit_code=-9, overran=HANGS)

    assert isinstance(finished, TestFinished)
    assert (finished.test, finished.outcome) == ("test_a.py::test_a", Outcome.FAILED)
    assert [(each.kind, each.path) for each in finished.problems] == [
        (ProblemKind.TIMEOUT, "test_a.py")
    ]
    assert isinstance(problem, RunProblem)
    assert problem.code == "overrun"
    assert problem.message == (
        "test_a.py::test_a did not end within 2 s; with -n 0 that ends the session: "
        "what came after it did not run"
    )
    assert session == SessionFinished(at=AT, pytest_exit=1)


@pytest.mark.parametrize("events", [(), (ended(4),)], ids=["silent", "told"])
def test_what_pytest_does_not_know_is_said_in_its_own_words(events: tuple[Event, ...]) -> None:
    printed = "usage: pytest ...\n\nERROR: unknown option --x\nERROR: and --y\n"

    (problem,) = told(*events, exit_code=4, printed=printed)

    assert isinstance(problem, RunProblem)
    assert (problem.verdict, problem.code) == (Verdict.CONFIG_ERROR, "pytest-usage")
    assert problem.message == "pytest did not begin: unknown option --x; and --y"


def test_without_such_words_the_end_of_what_it_printed_is_shown() -> None:
    (problem,) = told(exit_code=4, printed="".join(f"line {n}\n\n" for n in range(9)))

    assert isinstance(problem, RunProblem)
    assert problem.message == "pytest did not begin: " + "; ".join(f"line {n}" for n in range(3, 9))


def test_a_conftest_that_cannot_be_imported_could_not_be_collected() -> None:
    failure, session = told(exit_code=4, printed=CONFTEST, root="/project")

    assert isinstance(failure, CollectionFailed)
    assert failure.node == failure.problem.path == "sub/conftest.py"
    assert failure.problem.phase is Phase.COLLECT
    assert failure.problem.exception == "ModuleNotFoundError"
    assert failure.problem.message == "No module named 'nothing'"
    assert failure.problem.text == CONFTEST.strip()
    assert session == SessionFinished(at=AT, pytest_exit=1)


def test_one_that_says_nothing_of_it_is_said_to_be_broken() -> None:
    failure, _ = told(exit_code=4, printed=CONFTEST.partition("E ")[0], root="/elsewhere")

    assert isinstance(failure, CollectionFailed)
    assert failure.node == "/project/sub/conftest.py"
    assert (failure.problem.exception, failure.problem.message) == ("", "cannot be imported")


def test_who_stops_a_session_that_did_not_begin_is_told_of_that_alone() -> None:
    (problem,) = told(exit_code=4, stop_asked="interrupted")

    assert isinstance(problem, RunProblem)
    assert problem.code == "interrupted"


def test_only_what_did_not_begin_needs_to_be_read() -> None:
    record, session = fold(log()), fold(log(ended(0)))

    assert [did_not_begin(record, code) for code in (0, 4)] == [False, True]
    assert not did_not_begin(session, 4)
