"""Asking where a run stands, waiting for it, and stopping it."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

from handrail.cli import waiting
from handrail.cli.standing import Standing
from handrail.cli.waiting import follow, show, status, stop, wait
from handrail.errors import ExitCode, UserError
from handrail.runs.state_file import NAME, owner

READY_S = 10.0
MakeRun = Callable[..., Path]
WriteState = Callable[..., None]
GONE = {"pid": os.getpid(), "started": "0"}
RUNNING = "RUNNING exit=8 | fast | 1/4 | run=7k2f\nnext: handrail wait 7k2f"
DIGEST = "FAILED exit=1 | fast\nRESULT failed exit=1 run=7k2f complete=yes"
OVER = {"state": "finished", "text": DIGEST, "document": {"run_id": "7k2f", "exit_code": 1}}


def asked(folder: Path, run: str = "latest", **options: object) -> Namespace:
    rest = {"is_json": False, "until": "end", "timeout": 0.01, "is_all": False, **options}
    return Namespace(folder=str(folder), run=run, **rest)


# Status.


def test_the_status_of_a_run_that_goes_on_is_its_text_and_eight(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run()

    assert status(asked(tmp_path)) is ExitCode.STILL_RUNNING
    assert capsys.readouterr() == (f"{RUNNING}\n", "")


def test_the_status_of_a_run_that_is_over_is_its_digest_and_verdict(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(**OVER)

    assert status(asked(tmp_path)) is ExitCode.FAILED
    assert capsys.readouterr() == (f"{DIGEST}\n", "")


def test_the_status_of_a_run_that_was_lost_is_two_and_how_to_run_the_rest(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(owner=GONE)

    assert status(asked(tmp_path)) is ExitCode.INFRA_ERROR
    assert capsys.readouterr().out == (
        "INFRA_ERROR exit=2 | its supervisor ended before its time | fast | 1/4 | run=7k2f\n"
        "next: handrail rerun 7k2f\n"
        "RESULT infra_error exit=2 run=7k2f complete=no\n"
    )


def test_as_json_the_status_is_one_document(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(document={"run_id": "7k2f", "exit_code": 8})

    assert status(asked(tmp_path, is_json=True)) is ExitCode.STILL_RUNNING
    assert json.loads(capsys.readouterr().out) == {"run_id": "7k2f", "exit_code": 8}


def test_a_stream_that_cannot_show_a_character_gets_it_spelled_out(make_run: MakeRun) -> None:
    standing = Standing(str(make_run(text="RUNNING é\N{CAT FACE}")))
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")

    with redirect_stdout(stream):
        show(standing, is_json=False)
    stream.flush()

    assert raw.getvalue() == b"RUNNING \xe9\\U0001f431\n"


# Waiting.


def test_a_wait_that_takes_too_long_is_eight_and_says_where_the_run_stands(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run()

    assert wait(asked(tmp_path)) is ExitCode.STILL_RUNNING == 8
    assert capsys.readouterr() == (f"{RUNNING}\n", "")


@pytest.mark.parametrize("timeout", [0.0, 0.01, None])
def test_a_run_that_is_over_is_not_waited_for(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str], timeout: float | None
) -> None:
    make_run(**OVER)

    assert wait(asked(tmp_path, timeout=timeout)) is ExitCode.FAILED
    assert capsys.readouterr().out == f"{DIGEST}\n"


def test_a_run_that_was_lost_is_not_waited_for(make_run: MakeRun, tmp_path: Path) -> None:
    make_run(owner=GONE)

    assert wait(asked(tmp_path, timeout=None)) is ExitCode.INFRA_ERROR


class Waiting(threading.Thread):
    """Somebody who waits for a run, and what they get."""

    def __init__(self, folder: Path, until: Callable[[Standing], bool] | None = None) -> None:
        super().__init__(daemon=True)
        self._first = Standing(str(folder))
        self._until = until
        self.code: ExitCode | None = None
        self.start()

    def run(self) -> None:
        self.code = follow(self._first, until=self._until, timeout_s=READY_S, is_json=False)


@pytest.mark.slow
def test_who_waits_is_told_when_the_run_ends(
    make_run: MakeRun, write_state: WriteState, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    looks: list[bool] = []
    waiter = Waiting(folder, until=lambda standing: looks.append(True) or False)
    while not looks:
        waiter.join(0.001)

    write_state(folder, **OVER)
    waiter.join(READY_S)

    assert waiter.code is ExitCode.FAILED
    assert capsys.readouterr().out == f"{DIGEST}\n"


@pytest.mark.parametrize(
    ("until", "facts", "is_reached"),
    [
        ("end", {"bad": 9, "share": 1.0}, False),
        ("first-failure", {"bad": 0, "share": 1.0}, False),
        ("first-failure", {"bad": 1, "share": 0.0}, True),
        ("50%", {"bad": 1, "share": 0.49}, False),
        ("50%", {"bad": 0, "share": 0.5}, True),
        ("1%", {"bad": 0, "share": 0.02}, True),
        ("100%", {"bad": 0, "share": 0.99}, False),
        ("100%", {"bad": 0, "share": 1.0}, True),
    ],
)
def test_a_wait_ends_once_the_run_has_come_so_far(
    make_run: MakeRun, until: str, facts: dict[str, float], *, is_reached: bool
) -> None:
    has_come_so_far = waiting._reached(until)

    standing = Standing(str(make_run(**facts)))

    assert (has_come_so_far is not None and has_come_so_far(standing)) == is_reached


def test_a_run_that_has_come_so_far_is_not_waited_for_and_goes_on(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(share=0.5)

    assert wait(asked(tmp_path, until="50%", timeout=None)) is ExitCode.STILL_RUNNING
    assert capsys.readouterr().out == f"{RUNNING}\n"


@pytest.mark.parametrize("until", ["end", "first-failure", "99%"])
def test_whatever_is_waited_for_a_run_that_is_over_is_enough(
    make_run: MakeRun, tmp_path: Path, until: str
) -> None:
    make_run(**OVER, bad=0, share=0.1)

    assert wait(asked(tmp_path, until=until, timeout=None)) is ExitCode.FAILED


@pytest.mark.parametrize(
    "until", ["", "0%", "101%", "-1%", "5.5%", "50", "%", "x%", "END", "first failure", "50%%"]
)
def test_what_cannot_be_waited_for_is_refused_whether_or_not_there_is_a_run(
    tmp_path: Path, until: str
) -> None:
    with pytest.raises(UserError) as caught:
        wait(asked(tmp_path, until=until))

    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    assert caught.value.text() == (
        f"error: cannot wait until {until} [usage]\n"
        "  --until\n"
        "\n"
        "hint: end, first-failure, or a share: 50%"
    )


def test_who_waits_long_hears_from_the_run_now_and_then(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "HEARTBEAT_S", 0.0)
    looks = iter([False, False, True])

    follow(Standing(str(make_run())), until=lambda _: next(looks), timeout_s=READY_S, is_json=False)

    assert capsys.readouterr().err.splitlines() == [RUNNING.split("\n", 1)[0]] * 2


# Stopping.

SUPERVISOR = """
import json, os, signal, sys
from pathlib import Path
path = Path(sys.argv[1])

def stop(number, frame):
    state = json.loads(path.read_bytes())
    state |= {"state": "finished", "text": "STOPPED exit=143", "document": {"exit_code": 143}}
    path.with_name("new").write_text(json.dumps(state))
    os.replace(path.with_name("new"), path)

signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[2] == "deaf" else stop)
print("ready", flush=True)
while True:
    signal.pause()
"""


@contextmanager
def supervisor(folder: Path, write_state: WriteState, kind: str = "") -> Generator[int]:
    """A process that says of itself that it runs this run; asked to stop, it does, unless deaf."""
    with subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", SUPERVISOR, str(folder / NAME), kind],
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            write_state(folder, owner=owner(process.pid))
            yield process.pid
        finally:
            process.kill()


@pytest.mark.slow
def test_a_run_is_stopped_by_asking_its_supervisor(
    make_run: MakeRun,
    write_state: WriteState,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with supervisor(make_run(), write_state):
        assert stop(asked(tmp_path)) is ExitCode.PASSED

    assert capsys.readouterr().out == "STOPPED exit=143\n"


@pytest.mark.slow
def test_a_supervisor_that_does_not_listen_is_killed_in_the_end(
    make_run: MakeRun,
    write_state: WriteState,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "STOP_S", 0.1)

    with supervisor(make_run(), write_state, "deaf") as pid:
        assert stop(asked(tmp_path)) is ExitCode.PASSED
        _, how = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(how) == -signal.SIGKILL
    assert capsys.readouterr().out.startswith("INFRA_ERROR exit=2 | its supervisor ended")


@pytest.mark.slow
def test_all_that_go_on_are_stopped_and_no_others(
    make_run: MakeRun,
    write_state: WriteState,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make_run("aaaa", **OVER)
    make_run("bbbb", has_state=False)
    make_run("cccc", owner=GONE)
    one, other = make_run("7k2f"), make_run("9c2d")

    with supervisor(one, write_state), supervisor(other, write_state):
        assert stop(asked(tmp_path, is_all=True, is_json=True)) is ExitCode.PASSED

    assert json.loads(capsys.readouterr().out) == [{"exit_code": 143}] * 2


@pytest.mark.parametrize(
    ("is_json", "expected"), [(False, "no run goes on here\n"), (True, "[]\n")]
)
def test_where_nothing_goes_on_there_is_nothing_to_stop(
    make_run: MakeRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    expected: str,
    *,
    is_json: bool,
) -> None:
    make_run(**OVER)

    assert stop(asked(tmp_path, is_all=True, is_json=is_json)) is ExitCode.PASSED
    assert capsys.readouterr().out == expected


def test_to_stop_a_run_that_is_over_shows_what_became_of_it(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(**OVER)

    assert stop(asked(tmp_path)) is ExitCode.PASSED
    assert capsys.readouterr().out == f"{DIGEST}\n"


def test_a_process_that_only_has_the_number_of_a_supervisor_is_left_alone(
    make_run: MakeRun, tmp_path: Path
) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        somebody_else = {"pid": process.pid, "started": "0"}
        make_run(owner=somebody_else)

        stop(asked(tmp_path))
        waiting._signal(somebody_else, signal.SIGKILL)  # it may have ended between two looks
        process.terminate()

    assert process.returncode == -signal.SIGTERM


def test_one_damaged_run_does_not_keep_the_others_from_being_stopped(
    make_run: MakeRun, tmp_path: Path
) -> None:
    folder = make_run()
    (folder / NAME).write_text(json.dumps({"owner": owner(), "document": {}}))

    assert stop(asked(tmp_path, is_all=True)) is ExitCode.PASSED
