"""What a fork can take on, and what must be the same already."""

import os
import resource
import signal
from collections.abc import Callable
from typing import Any

import pytest

from handrail.execution.inheritance import Reading, inheritance, mark_anew, obstacle, take_on
from handrail.execution.prestart import MARK


def made(**environ: str) -> dict[str, Any]:
    return {"environ": environ, "folder": "/here", "fixed": {"user": "1"}}


def in_child(body: Callable[[], object]) -> int:
    """The exit code of a fork that does this: 0 if it gave something true, 1 if not, 2 if it raised."""
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if body() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_equal_callers_are_no_obstacle() -> None:
    assert obstacle(made(A="1"), made(A="1"), {"A"}) == ""
    assert obstacle(inheritance(), inheritance(), set()) == ""


@pytest.mark.parametrize(
    ("caller", "ours", "read", "why"),
    [
        (made(A="2"), made(A="1"), {"A"}, "A has changed"),
        (made(), made(A="1"), {"A"}, "A has changed"),
        (made(A="2"), made(), {"A"}, "A has changed"),
        (made(A="2"), made(A="1"), set(), ""),
        (made(PYTHONPATH="/x"), made(), set(), "PYTHONPATH has changed"),
        (made(LC_ALL="C"), made(), set(), "LC_ALL has changed"),
        (made(), made(LD_PRELOAD="x"), set(), "LD_PRELOAD has changed"),
        (made(**{MARK: "1"}), made(**{MARK: "2"}), {MARK}, ""),
        ({**made(), "fixed": {"user": "2"}}, made(), set(), "the user is another"),
    ],
)
def test_what_cannot_be_changed_any_more(
    caller: dict[str, Any], ours: dict[str, Any], read: set[str], why: str
) -> None:
    assert obstacle(caller, ours, read) == why


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a:/b", ""),
        ("/a:b", "PYTHONPATH depends on the current folder"),
        ("/a:", "PYTHONPATH depends on the current folder"),
    ],
)
def test_a_path_that_is_relative_holds_in_one_folder_only(path: str, why: str) -> None:
    ours = made(PYTHONPATH=path)

    assert obstacle(ours, ours, set()) == ""
    assert obstacle({**ours, "folder": "/there"}, ours, set()) == why


def test_it_is_taken_on(tmp_path: Any) -> None:
    wanted = inheritance()
    wanted["environ"] = {"ONLY": "this", "ODD": "\udcff"}
    wanted["folder"], wanted["umask"], wanted["niceness"] = str(tmp_path), 0o071, 5
    wanted["limits"]["RLIMIT_CORE"] = (0, 0)
    wanted["ignored"] = sorted([*wanted["ignored"], int(signal.SIGUSR2)])
    wanted["processors"] = wanted["processors"][:1]

    def body() -> bool:
        take_on(wanted)
        return {**inheritance(), "fixed": ""} == {**wanted, "fixed": ""}

    assert in_child(body) == 0


def test_a_limit_that_cannot_be_raised_is_an_error() -> None:
    wanted = inheritance()
    wanted["limits"]["RLIMIT_NOFILE"] = (1 << 40, 1 << 40)  # more than any kernel allows

    def body() -> bool:
        try:
            take_on(wanted)
        except (OSError, ValueError):
            return True
        return False

    assert in_child(body) == 0
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 1 << 40


def test_what_is_read_is_noted() -> None:
    before = os.environ.get("HOME")

    with Reading() as reading:
        during = (os.environ.get("HOME"), os.getenv("IS_NOT_THERE"), "PATH" in os.environ)
    os.environ.get("LANG")

    assert reading.names == {"HOME", "IS_NOT_THERE", "PATH"}
    assert during == (before, None, "PATH" in os.environ)


def test_a_process_that_was_not_started_with_a_mark_cannot_be_marked_anew() -> None:
    def body() -> bool:
        os.environ.pop(MARK, None)
        with pytest.raises(OSError, match="it cannot be marked"):
            mark_anew()
        return True

    assert in_child(body) == 0
