"""``--warm``: runs are forked from a process that an earlier one left, and are like any other."""

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from gated import FAILING, RAN_ONCE, gated, open_gate, wait_at_gate
from processes import is_gone, kill, session, supervisor, wait_for, wait_until_gone
from real_runs import NO_RANDOMLY, SCRIPTS, Project
from terminals import CTRL_C, run_at_terminal, terminal

OUTSIDE = """
import os, pathlib
pathlib.Path(os.environ["IMPORTS"]).open("a").write("imported\\n")
value = {value}
flag = os.environ.get("OUTSIDE_FLAG", "")
"""
USES = """
import json, os, resource, signal, pathlib
import outside_thing

def test_it():
    umask = os.umask(0)
    os.umask(umask)
    found = {
        "value": outside_thing.value, "flag": outside_thing.flag, "folder": os.getcwd(), "umask": umask,
        "files": resource.getrlimit(resource.RLIMIT_NOFILE), "core": resource.getrlimit(resource.RLIMIT_CORE),
        "niceness": os.getpriority(os.PRIO_PROCESS, 0), "processors": sorted(os.sched_getaffinity(0)),
        "ignored": [n for n in signal.valid_signals() if signal.getsignal(n) is signal.SIG_IGN],
        "environ": {n: v for n, v in os.environ.items() if n not in {"HANDRAIL_MARK", "PYTEST_XDIST_TESTRUNUID"}},
        "is_marked": f"HANDRAIL_MARK={os.environ['HANDRAIL_MARK']}" in open("/proc/self/environ").read(),
    }
    pathlib.Path(os.environ["FOUND"]).write_text(json.dumps(found))
"""
NOTE = "note: started cold: "


@dataclass(frozen=True, slots=True)
class Done:
    """A run that has ended; a warm process may go on."""

    returncode: int
    stderr: str
    statuses: list[str]

    @property
    def notes(self) -> list[str]:
        return [each for each in self.stderr.splitlines() if each.startswith("note: ")]


class Warmable:
    """A project whose tests import a module from elsewhere, that tells when it is imported."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.outside = project.home / "outside"
        self.outside.mkdir()
        self.log, self.found = project.home / "imports.txt", project.home / "found.json"
        self.log.touch()
        self.environ = {
            "PYTHONPATH": str(self.outside), "IMPORTS": str(self.log), "FOUND": str(self.found),
        }  # fmt: skip
        self.change(value=1)
        project.write(test_it=USES)

    def change(self, value: int, more: str = "") -> None:
        (self.outside / "outside_thing.py").write_text(OUTSIDE.format(value=value) + more)

    @property
    def socket(self) -> Path:
        return self.project.folder / ".handrail" / f"warm-{os.getuid()}.sock"

    @property
    def imports(self) -> int:
        return self.log.read_text().count("\n")

    def run(self, *arguments: str, is_warm: bool = True, **environ: str) -> Done:
        done = self.project.command(
            "handrail", "run", "--tests", "-n", "2", *NO_RANDOMLY, *(["--warm"] * is_warm), *arguments,
            **self.environ, **environ,
        )  # fmt: skip
        report = json.loads(self.project.latest("report.json"))
        return Done(done.returncode, done.stderr, [each["status"] for each in report["tests"]])

    def seen(self) -> dict[str, object]:
        """What the last test found."""
        found: dict[str, object] = json.loads(self.found.read_text())
        self.found.unlink()
        return found

    def pid(self) -> int:
        """Of the warm process, once it takes orders."""
        return wait_for(warm_of(self.project), "a warm process")

    def begin(self) -> int:
        """Make the first run, which is a cold one; the warm process that it leaves."""
        done = self.run()
        assert (done.returncode, done.notes) == (0, []), done.stderr
        return self.pid()


@pytest.fixture
def warmable(project: Project) -> Warmable:
    return Warmable(project)


# A run like any other.


def test_a_second_run_finds_third_party_modules_imported(warmable: Warmable) -> None:
    warm = warmable.begin()
    assert warmable.imports == 2  # by the cold session, and by the warm process

    done = warmable.run()

    assert (done.returncode, done.notes) == (0, [])
    assert done.statuses == ["passed"]
    assert warmable.imports == 2
    assert warmable.pid() == warm
    assert warmable.seen()["is_marked"]


def test_it_is_not_used_unless_it_is_asked_for(warmable: Warmable) -> None:
    warmable.begin()

    done = warmable.run(is_warm=False)
    warmable.run()
    again = warmable.project.command("handrail", "rerun", **warmable.environ)

    assert done.returncode == again.returncode == 0
    assert warmable.imports == 4


def test_nothing_is_left_by_a_run_that_was_not_asked_to(warmable: Warmable) -> None:
    done = warmable.run(is_warm=False)

    assert (done.returncode, warmable.project.left()) == (0, [])
    assert not warmable.socket.exists()


def test_a_forked_run_has_all_that_its_caller_would_hand_down(warmable: Warmable) -> None:
    (warmable.project.folder / "below").mkdir()
    warmable.begin()
    script = 'cd below; umask 027; ulimit -Sn 321; ulimit -Sc 0; trap "" USR1; exec nice -n 3 "$@"'
    command = ["bash", "-c", script, "-", str(SCRIPTS / "handrail"), "run", "-n", "1", *NO_RANDOMLY]
    seen = []
    for more in ([], ["--warm"]):
        environ = warmable.environ | {"SOME": "thing", "PATH": f"{os.environ['PATH']}:/nowhere"}
        done = subprocess.run(
            [*command, *more, "../test_it.py"], cwd=warmable.project.folder, check=False,
            env=warmable.project.environment(**environ), capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert (done.returncode, NOTE in done.stderr) == (0, False), done.stderr
        seen.append(warmable.seen())

    assert warmable.imports == 3
    assert seen[1] == seen[0]
    assert (seen[1]["umask"], seen[1]["files"][0]) == (0o027, 321)  # type: ignore[index]


def test_the_warm_process_learns_what_later_runs_import(warmable: Warmable) -> None:
    (warmable.outside / "other_thing.py").write_text(
        'import os\nopen(os.environ["IMPORTS"], "a").write("other\\n")\n'
    )
    warmable.project.write(test_other="import other_thing\n\ndef test_other():\n    pass\n")
    done = warmable.run("test_it.py")
    warm = warmable.pid()
    second = warmable.run("test_other.py")
    wait_for(lambda: warmable.imports == 4, "it to be learned")
    wait_for(warmable.socket.exists, "the warm process")

    third = warmable.run()

    assert [each.returncode for each in (done, second, third)] == [0, 0, 0]
    assert second.notes == third.notes == []
    assert warmable.imports == 4
    assert warmable.pid() == warm


def test_a_run_in_the_background(warmable: Warmable) -> None:
    warmable.begin()

    started = warmable.project.command(
        "handrail", "start", "--warm", *NO_RANDOMLY, **warmable.environ
    )
    waited = warmable.project.command("handrail", "wait")

    assert (started.returncode, started.stderr) == (0, "")
    assert waited.returncode == 0, waited.stdout
    assert warmable.imports == 2


@contextmanager
def at_gate(project: Project) -> Generator["subprocess.Popen[str]"]:
    """A forked run of a gated suite, that stands at its gate."""
    project.command("handrail", "run", "--warm", *NO_RANDOMLY, "test_other.py")
    wait_for(warm_of(project), "a warm process")
    follower = project.start("-n", "2", "--warm")
    wait_at_gate(project)
    yield follower
    open_gate(project)
    follower.kill()
    follower.communicate()


def warm_of(project: Project) -> Callable[[], int]:
    """Finds the warm process that takes orders; 0 if there is none."""
    path = project.folder / ".handrail" / f"warm-{os.getuid()}.sock"

    def look() -> int:
        try:
            pid = int(json.loads(path.with_suffix(".lock").read_text())["pid"])
        except (FileNotFoundError, ValueError):  # ValueError: it is just written
            return 0
        return 0 if is_gone(pid) or not path.exists() else pid

    return look


def test_a_forked_run_outlives_its_caller_and_its_warm_process(project: Project) -> None:
    gated(project)
    with at_gate(project) as follower:
        warm, owner = warm_of(project)(), supervisor(project)
        assert os.getsid(owner) == os.getsid(session(project)) == owner

        kill(follower.pid, warm)
        wait_until_gone([warm])
        open_gate(project)
        done = project.command("handrail", "wait")

    assert done.returncode == 1, done.stdout
    assert project.counts() == RAN_ONCE | {"other": 2}
    assert FAILING in done.stdout.replace("\n", "")
    wait_for(lambda: all("--lasting" in each for each in project.pids().values()), "the run's end")


def test_a_warm_process_is_replaced_while_a_run_of_the_old_one_goes_on(project: Project) -> None:
    gated(project)
    with at_gate(project):
        warm = warm_of(project)()
        kill(warm)
        wait_until_gone([warm])

        done = project.command("handrail", "run", "--warm", *NO_RANDOMLY, "test_other.py")

        assert done.returncode == 0
        assert NOTE not in done.stderr
        assert wait_for(warm_of(project), "another warm process") != warm


def test_a_supervisor_that_was_killed_leaves_its_warm_process_and_nothing_else(
    project: Project,
) -> None:
    orphan = (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        pathlib.Path('orphan').write_text(str(os.getpid()))\n        time.sleep(600)\n"
        "    os._exit(0)"
    )
    gated(project, preparing=orphan)
    with at_gate(project):
        warm, pids = warm_of(project)(), [supervisor(project), session(project)]
        orphaned = int(
            wait_for(lambda: (project.folder / "orphan").read_text(), "a test's process")
        )

        kill(supervisor(project))
        wait_until_gone([*pids, orphaned])
        done = project.command("handrail", "wait")

    assert done.returncode == 2
    assert "INFRA_ERROR exit=2" in done.stdout
    assert not is_gone(warm)


def test_ctrl_c_stops_a_forked_run(project: Project) -> None:
    gated(project)
    project.command("handrail", "run", "--warm", *NO_RANDOMLY, "test_other.py")
    wait_for(warm_of(project), "a warm process")
    with terminal(project, *run_at_terminal("--warm")) as at:
        wait_at_gate(project)

        at.type(CTRL_C)

        assert at.read_to_end() == 130
    assert NOTE not in at.shown.decode()


# When it is of no use.


def test_a_changed_third_party_module_is_imported_anew(warmable: Warmable) -> None:
    warm = warmable.begin()
    warmable.change(value=22)

    done = warmable.run()

    assert done.returncode == 0
    file = warmable.outside / "outside_thing.py"
    assert done.notes == [f"{NOTE}the warm process is out of date: {file} has changed"]
    assert warmable.seen()["value"] == 22
    wait_until_gone([warm])
    assert warmable.pid() != warm
    assert warmable.run().notes == []


@pytest.mark.parametrize("name", ["OUTSIDE_FLAG", "PYTHONHASHSEED"])
def test_a_variable_that_cannot_be_changed_any_more(warmable: Warmable, name: str) -> None:
    warm = warmable.begin()

    done = warmable.run(**{name: "7"})

    assert done.returncode == 0
    assert done.notes == [f"{NOTE}the warm process is out of date: {name} has changed"]
    assert warmable.seen()["environ"][name] == "7"  # type: ignore[index]
    wait_until_gone([warm])


def test_what_is_installed_later_is_found(warmable: Warmable) -> None:
    warmable.begin()
    (warmable.outside / "more.py").write_text("")

    done = warmable.run()

    said = f"{NOTE}the warm process is out of date: {warmable.outside} has changed"
    assert done.notes == [said]


def test_threads_of_third_party_modules(warmable: Warmable) -> None:
    thread = (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    warmable.change(1, thread)
    warm = warmable.begin()

    done = warmable.run()

    assert done.returncode == 0
    assert done.notes == [f"{NOTE}what the project imports starts 2 threads"]
    assert warmable.pid() == warm


def test_one_that_hangs_costs_a_second_and_is_replaced(warmable: Warmable) -> None:
    warm = warmable.begin()
    os.kill(warm, signal.SIGSTOP)

    done = warmable.run()

    assert (done.returncode, done.statuses) == (0, ["passed"])
    assert done.notes == [f"{NOTE}the warm process did not answer within 1s"]
    wait_until_gone([warm])
    wait_for(lambda: warmable.pid() != warm, "another warm process")


def test_one_that_was_killed_is_replaced_without_a_word(warmable: Warmable) -> None:
    warm = warmable.begin()
    kill(warm)
    wait_until_gone([warm])

    done = warmable.run()

    assert (done.returncode, done.notes) == (0, [])
    wait_for(lambda: warmable.pid() != warm, "another warm process")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "the warm process ended"),
        (b'{"why"', "the warm process ended"),
        (b"?\n", "the warm process cannot be asked: Expecting value: line 1 column 1 (char 0)"),
        (b'{"why": ""}\n', "the fork of the warm process ended"),
    ],
)
def test_one_that_ends_in_the_middle(warmable: Warmable, answer: bytes, said: str) -> None:
    warmable.socket.parent.mkdir()
    (warmable.socket.parent / "runs").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(warmable.socket))
        listener.listen()

        def end() -> None:
            connection, _ = listener.accept()
            with connection:
                order, got, _, _ = socket.recv_fds(connection, 1 << 20, 4)
                while not order.endswith(b"\n"):
                    order += connection.recv(1 << 20)
                connection.sendall(answer)
                if answer.startswith(b'{"why": ""'):
                    connection.recv(1)
                for each in got:
                    os.close(each)

        thread = threading.Thread(target=end)
        thread.start()
        done = warmable.run()
        thread.join()

    assert (done.returncode, done.statuses) == (0, ["passed"])
    assert done.notes == [NOTE + said]


# Where it is, and its end.


def test_only_its_user_can_reach_it(warmable: Warmable) -> None:
    warmable.begin()

    assert warmable.socket.stat().st_mode & 0o777 == 0o600


def test_a_path_that_is_too_long_for_a_socket(project: Project) -> None:
    folder = project.folder / ("deep" * 20) / ("deeper" * 10)
    folder.mkdir(parents=True)
    deep = Project(folder, project.home, project.mark)
    deep.put("pyproject.toml", '[project]\nname = "deep"\nversion = "1"\n')
    warmable = Warmable(deep)
    warmable.begin()

    done = warmable.run()

    assert (done.returncode, done.notes) == (0, [])
    assert warmable.imports == 2


def test_many_at_once_leave_one(warmable: Warmable) -> None:
    together = [
        warmable.project.start("-n", "1", "--new", "--warm", **warmable.environ) for _ in range(3)
    ]

    codes = [each.wait() for each in together]
    for each in together:
        each.communicate()

    warm = warmable.pid()
    assert codes == [0, 0, 0]
    wait_for(lambda: len(warmable.project.pids()) == 1, "the end of the supervisors")
    assert list(warmable.project.pids()) == [warm]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("stop", "--all"), "no run goes on here\nended the warm process\n"),
        (("clean",), "ended the warm process\nremoved 0 runs, 0 B; 1 are kept\n"),
    ],
)
def test_commands_that_end_it(warmable: Warmable, command: tuple[str, ...], said: str) -> None:
    warm = warmable.begin()

    first = warmable.project.command("handrail", *command)
    second = warmable.project.command("handrail", *command)

    assert (first.stdout, first.stderr) == (said, "")
    assert "warm" not in second.stdout
    assert is_gone(warm)
    assert not warmable.socket.exists()


def test_commands_that_end_it_say_so_in_json(warmable: Warmable) -> None:
    warmable.begin()
    stopped = warmable.project.command("handrail", "stop", "--all", "--json")
    warmable.begin()
    cleaned = warmable.project.command("handrail", "clean", "--json")

    assert (json.loads(stopped.stdout), stopped.stderr) == ([], "ended the warm process\n")
    assert json.loads(cleaned.stdout)["warm_ended"]


@pytest.mark.parametrize("gone", [".", ".handrail", "socket"])
def test_it_ends_with_its_work_tree(warmable: Warmable, gone: str) -> None:
    warm = warmable.begin()
    folder = warmable.project.folder
    path = warmable.socket if gone == "socket" else folder / gone

    path.rename(warmable.project.home / "moved")

    wait_until_gone([warm])


@pytest.mark.parametrize(("given", "environ"), [([], {"CI": "true"}), (["--ci"], {}), (["-s"], {})])
def test_it_is_ignored_in_ci(warmable: Warmable, given: list[str], environ: dict[str, str]) -> None:
    done = warmable.run(*given, **environ)

    assert done.returncode == 0
    assert done.stderr.count("note: --warm is ignored in CI and in the foreground\n") == 1
    assert warmable.project.left() == []


def test_it_cannot_be_combined_with_watching(project: Project) -> None:
    done = project.command("handrail", "run", "--watch", "--warm")

    assert (done.returncode, done.stdout) == (3, "")
    said = "error: --watch cannot be combined with --warm [usage]\n\nhint: leave out one of them\n"
    assert done.stderr == said
