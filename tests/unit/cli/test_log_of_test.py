"""``handrail logs --test``: what one test of a run logged."""

import io
import json
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from made_lines import SHOWN, line

from handrail.cli.logs import logs
from handrail.core.logged import LogLine, encode
from handrail.errors import ExitCode, UserError
from handrail.model.events import Collected, RunStarted
from handrail.runs.event_log import EventLog

MakeRun = Callable[..., Path]
TESTS = (
    "test_a.py::test_a",
    "test_a.py::test_n[1]",
    "test_a.py::test_n[2]",
    "sub/test_b.py::test_b",
)


@pytest.fixture(name="folder")
def _folder(make_run: MakeRun) -> Path:
    """A run in which ``test_a`` logged two lines and ``test_b`` one."""
    folder = make_run(state="finished", document={"exit_code": 0})
    with EventLog(folder / "events.ndjson") as log:
        started = RunStarted(at=1.0, run_id="7k2f", tiers=("fast",), place="local")
        log.append([started, Collected(at=2.0, tests=TESTS)])
    keep(folder, line("one"), line("two", exception="ValueError: no"), line("b", TESTS[3]))
    return folder


def keep(folder: Path, *lines: LogLine) -> None:
    with (folder / "test-log.ndjson").open("ab") as file:
        file.writelines(map(encode, lines))


def answer(project: Path, test: str, **options: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    asked: dict[str, object] = {"run": "latest", "since": None, "grep": None, "tail": None}
    asked |= {"max_bytes": 16384, "is_following": False, "is_json": False, "folder": str(project)}
    with redirect_stdout(out), redirect_stderr(err):
        assert logs(Namespace(test=test, **(asked | options))) is ExitCode.PASSED
    return out.getvalue(), err.getvalue()


def refusal(project: Path, test: str, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        answer(project, test, **options)
    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    return caught.value.text()


def test_the_lines_of_that_test_are_printed(folder: Path, tmp_path: Path) -> None:
    assert answer(tmp_path, TESTS[0]) == (
        f"{SHOWN}one\n{SHOWN}two\n    ValueError: no\n",
        "",
    )


def test_as_json_they_are_objects(folder: Path, tmp_path: Path) -> None:
    out, err = answer(tmp_path, TESTS[0], is_json=True)

    assert err == ""
    assert json.loads(out) == {
        "test": TESTS[0],
        "lines": [line("one").document(), line("two", exception="ValueError: no").document()],
        "omitted": 0,
        "path": str(folder / "test-log.ndjson"),
    }


def test_only_what_matches_is_shown_and_of_that_the_last(folder: Path, tmp_path: Path) -> None:
    keep(folder, line("three"), line("four"))

    assert answer(tmp_path, TESTS[0], tail=1)[0].endswith(": four\n")
    assert answer(tmp_path, TESTS[0], grep="t[wh]", tail=1)[0].endswith(": three\n")
    assert answer(tmp_path, TESTS[0], grep="ValueError")[0].startswith(f"{SHOWN}two")
    assert answer(tmp_path, TESTS[0], grep="nothing") == ("", "")


def test_what_there_is_no_room_for_is_left_out_and_that_is_said(
    folder: Path, tmp_path: Path
) -> None:
    keep(folder, line("three"))

    out, err = answer(tmp_path, TESTS[0], max_bytes=50)

    assert out.endswith(": three\n")
    assert out.count("\n") == 1
    assert err == "note: 2 earlier lines left out; --max-bytes shows more\n"
    assert json.loads(answer(tmp_path, TESTS[0], max_bytes=50, is_json=True)[0])["omitted"] == 2


def test_a_test_that_logged_nothing_is_said_to(folder: Path, tmp_path: Path) -> None:
    assert answer(tmp_path, TESTS[1]) == (
        "",
        (
            "note: it has logged nothing that pytest's log level lets through; without one that is "
            "WARNING and above: handrail run --log-tests --log-level=DEBUG\n"
        ),
    )


def test_a_run_that_kept_no_logs_is_said_to(folder: Path, tmp_path: Path) -> None:
    (folder / "test-log.ndjson").unlink()

    assert refusal(tmp_path, TESTS[0]) == (
        "error: run 7k2f did not keep what its tests log [no-test-log]\n\n"
        "hint: run with it: handrail run --log-tests"
    )


@pytest.mark.parametrize(
    ("test", "similar"),
    [
        ("test_a.py::test_n", "test_a.py::test_n[1], test_a.py::test_n[2]"),
        ("test_b.py::test_b", "sub/test_b.py::test_b"),
        ("test_b", "sub/test_b.py::test_b"),
        ("test_a.py::tset_a", "test_a.py::test_a"),
    ],
)
def test_a_test_that_the_run_does_not_have_is_refused(
    folder: Path, tmp_path: Path, test: str, similar: str
) -> None:
    assert refusal(tmp_path, test) == (
        f"error: run 7k2f has no test {test} [no-such-test]\n"
        f"  similar: {similar}\n\n"
        "hint: its tests: handrail report 7k2f --format json --tests"
    )


def test_of_many_similar_tests_some_are_named(
    make_run: MakeRun, folder: Path, tmp_path: Path
) -> None:
    with EventLog(folder / "events.ndjson") as log:
        log.append([Collected(at=3.0, tests=tuple(f"a.py::t[{n}]" for n in range(5)))])

    assert "  similar: a.py::t[0], a.py::t[1], a.py::t[2] +2 more\n" in refusal(tmp_path, "a.py::t")


def test_a_run_that_has_collected_nothing_yet_is_said_to(make_run: MakeRun, tmp_path: Path) -> None:
    keep(make_run(), line("other", "other"))

    assert refusal(tmp_path, TESTS[0]) == (
        "error: run 7k2f has no test test_a.py::test_a [no-such-test]\n\n"
        "hint: it has not said yet which tests it has: handrail status 7k2f"
    )


@pytest.mark.parametrize(
    ("option", "given"), [("--since", {"since": "7k2f:0"}), ("--follow", {"is_following": True})]
)
def test_what_is_for_the_log_of_pytest_is_refused(
    folder: Path, tmp_path: Path, option: str, given: dict[str, object]
) -> None:
    assert refusal(tmp_path, TESTS[0], **given) == (
        f"error: --test and {option} do not go together [usage]\n\n"
        "hint: ask again and again: handrail logs --test NODEID --tail 20"
    )
