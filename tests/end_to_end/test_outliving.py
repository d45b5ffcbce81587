"""A run has a supervisor of its own: what happens to whoever started it does not happen to the run."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable

import pytest
from gated import ALL, FAILING, RAN_ONCE, gated, open_gate, outcomes, wait_at_gate
from processes import is_gone, kill, state, supervisor, tree, wait_for
from real_runs import NO_RANDOMLY, PATIENCE_S, SCRIPTS, Project, mounted

Follower = subprocess.Popen[str]
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="mounts need root")


def kill_group(follower: Follower) -> None:
    os.killpg(follower.pid, signal.SIGKILL)


def kill_tree(follower: Follower) -> None:
    kill(*tree(follower.pid))


ENDS: dict[str, Callable[[Follower], None]] = {
    "killed": lambda follower: follower.kill(),
    "terminated": lambda follower: follower.terminate(),
    "hung-up": lambda follower: follower.send_signal(signal.SIGHUP),
    "its-group-killed": kill_group,
    "its-tree-killed": kill_tree,
}


def started(project: Project, *arguments: str, **environ: str) -> Follower:
    """A run that stands at its gate, and its follower."""
    gated(project)
    follower = project.start("-n", "2", *arguments, **environ)
    wait_at_gate(project)
    return follower


def assert_completes(project: Project) -> None:
    """The run goes on, can be found, and ends with every result."""
    asked = project.command("handrail", "status")
    assert (asked.returncode, asked.stdout.split(" ")[0]) == (8, "RUNNING"), asked.stdout

    open_gate(project)
    waited = project.command("handrail", "wait", "--json", "--timeout", f"{PATIENCE_S}s")

    report = json.loads(waited.stdout)
    assert (waited.returncode, report["verdict"], report["complete"]) == (1, "failed", True)
    found = outcomes(report)
    assert set(found) == ALL
    assert {test for test, outcome in found.items() if outcome != "passed"} == {FAILING}
    assert project.counts() == RAN_ONCE
    assert project.left() == []


@pytest.mark.parametrize("how", ENDS)
def test_the_run_goes_on_when_its_follower_is(project: Project, how: str) -> None:
    follower = started(project)

    ENDS[how](follower)
    follower.communicate(timeout=PATIENCE_S)  # to the end of its pipes: nobody else holds them

    assert follower.returncode < 0
    assert_completes(project)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_follower_that_is_told_to_leave_says_how_to_go_on(
    project: Project, number: signal.Signals
) -> None:
    follower = started(project)

    follower.send_signal(number)
    printed, told = follower.communicate(timeout=PATIENCE_S)

    run = project.latest_id()
    assert (printed, told) == ("", f"run {run} goes on: handrail wait {run}\n")
    assert follower.returncode == -number
    assert not is_gone(supervisor(project))


def test_below_nohup_the_follower_stays_too(project: Project) -> None:
    gated(project)
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    follower = subprocess.Popen(
        [SCRIPTS / "python", "-c", ignoring, SCRIPTS / "handrail", "run", "-n", "2", *NO_RANDOMLY],
        cwd=project.folder, env=project.environment(), stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    wait_at_gate(project)

    follower.send_signal(signal.SIGHUP)
    open_gate(project)
    printed, _ = follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 1
    assert "13 passed, 1 failed" in printed


def test_the_supervisor_shares_nothing_with_its_follower(project: Project) -> None:
    follower = started(project)

    pid = supervisor(project)

    assert os.getsid(pid) not in {os.getsid(follower.pid), os.getsid(0)}
    assert os.getpgid(pid) != os.getpgid(follower.pid)
    assert pid not in tree(follower.pid)
    held = {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)}
    assert held == {os.devnull}
    mine = {os.readlink(f"/proc/{follower.pid}/fd/{number}") for number in (1, 2)}
    theirs = {os.readlink(each) for each in os.scandir(f"/proc/{pid}/fd")}
    assert not mine & theirs


def test_interrupting_before_the_run_has_begun_stops_it(project: Project) -> None:
    gated(project)
    configuration = project.folder / "pyproject.toml"
    text = configuration.read_text("utf-8")
    configuration.unlink()
    os.mkfifo(configuration)  # who reads its configuration waits for us
    follower = project.start("-n", "2", "--json")

    with configuration.open("w", encoding="utf-8") as writing:  # opens when the supervisor reads
        follower.send_signal(signal.SIGINT)
        project.put("pyproject.new", text).replace(configuration)
        writing.write(text)
    printed, told = follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 130, told
    assert json.loads(printed)["verdict"] == "stopped", told
    assert project.left() == []


# Watchers that do not read.


def test_a_follower_that_is_stopped_for_a_while_does_not_stop_the_run(project: Project) -> None:
    follower = started(project)

    follower.send_signal(signal.SIGSTOP)
    open_gate(project)
    wait_for(lambda: state(project)["state"] == "finished", "the end of the run")
    wait_for(lambda: is_gone(supervisor(project)), "the end of the supervisor")
    follower.send_signal(signal.SIGCONT)
    printed, _ = follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 1
    assert "13 passed, 1 failed" in printed
    assert set(outcomes(json.loads(project.latest("report.json")))) == ALL


def test_more_than_a_pipe_holds_does_not_stop_the_run_either(project: Project) -> None:
    gated(project)
    project.write(
        test_many="""
            import pytest

            @pytest.mark.parametrize("n", range(400))
            def test_a_name_that_takes_some_room_in_a_pipe(n):
                pass
            """
    )
    follower = project.start("-n", "2", "--format", "ndjson")
    wait_at_gate(project, done=0)

    follower.send_signal(signal.SIGSTOP)
    open_gate(project)
    wait_for(lambda: state(project)["state"] == "finished", "the end of the run")
    wait_for(lambda: is_gone(supervisor(project)), "the end of the supervisor")
    assert len(project.latest("events.ndjson")) > 1 << 16
    follower.send_signal(signal.SIGCONT)
    follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 1


def test_a_reader_that_has_seen_enough_does_not_stop_the_run(project: Project) -> None:
    gated(project)
    command = f"{SCRIPTS / 'handrail'} run --tests -n 2 --format ndjson {' '.join(NO_RANDOMLY)} | head -n 1"

    done = subprocess.run(
        ["sh", "-c", command], cwd=project.folder, env=project.environment(), check=False,
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=PATIENCE_S,
    )  # fmt: skip

    assert json.loads(done.stdout)["event"] == "RunStarted"
    assert done.stderr == ""
    wait_at_gate(project)
    assert_completes(project)


# What happens to the disk.


def test_a_state_folder_that_is_removed_meanwhile_never_costs_the_verdict(project: Project) -> None:
    follower = started(project)

    wait_for(lambda: removed(project), "the removal of the state folder")
    open_gate(project)
    printed, told = follower.communicate(timeout=PATIENCE_S)

    assert follower.returncode == 1, told
    assert "13 passed, 1 failed" in printed
    assert "Traceback" not in told
    assert project.left() == []


def removed(project: Project) -> bool:
    """Whether the state folder is gone: its state may be written again while we remove it."""
    with contextlib.suppress(OSError):
        shutil.rmtree(project.folder / ".handrail")
    return not (project.folder / ".handrail").exists()


@AS_ROOT
def test_a_run_beside_a_full_state_folder_can_be_waited_for(project: Project) -> None:
    gated(project)
    folder = project.folder / ".handrail"
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=16k", "tmpfs"):
        with contextlib.suppress(OSError):
            (folder / "filling").write_bytes(b"x" * 16384)
        asked = project.command("handrail", "run", "-n", "2", "--format", "agent", "--wait", "1s")
        open_gate(project)

        given = shlex.split(asked.stdout.splitlines()[-1].removeprefix("next: "))
        waited = project.command(*given)

        assert waited.returncode == 1, waited.stderr


@AS_ROOT
def test_a_disk_that_fills_up_meanwhile_never_costs_the_verdict(project: Project) -> None:
    gated(project)
    folder = project.folder / ".handrail"
    folder.mkdir()
    with mounted(folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        follower = project.start("-n", "2")
        wait_at_gate(project)
        with contextlib.suppress(OSError):
            (folder / "filling").write_bytes(b"x" * (1 << 20))

        open_gate(project)
        printed, told = follower.communicate(timeout=PATIENCE_S)

        assert follower.returncode == 1, told
        assert "13 passed, 1 failed" in printed
        assert "Traceback" not in told
        assert project.left() == []
        asked = project.command("handrail", "status")
        assert asked.returncode == 1
        assert asked.stdout.startswith("FAILED exit=1 | fast | 14: 13 passed, 1 failed")
        assert json.loads(project.command("handrail", "status", "--json").stdout)["exit_code"] == 1


# In the foreground.


@pytest.mark.parametrize("way", ["--ci", "CI"])
def test_in_ci_the_run_ends_with_its_process(project: Project, way: str) -> None:
    follower = started(project, "--json", *([way] if way == "--ci" else []), CI="true")
    assert supervisor(project) == follower.pid

    follower.terminate()
    answer = json.loads(follower.communicate(timeout=PATIENCE_S)[0])

    assert (follower.returncode, answer["verdict"]) == (143, "stopped")
    assert len(answer["tests"]) >= 8
    assert project.left() == []
