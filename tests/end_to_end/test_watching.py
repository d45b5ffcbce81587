"""``handrail run --watch``: what is run after which save, and that nothing is left of it."""

import json
import os
import signal
import termios
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen

import pytest
from processes import finished, wait_for, wait_until_gone
from real_runs import NO_RANDOMLY, PATIENCE_S, SCRIPTS, Project
from terminals import CTRL_C, Terminal, terminal

IDLE = "files: save one"
WATCH = ("run", "--watch", "-n", "2", *NO_RANDOMLY)
FILES = {
    "app__shop": "def price():\n    return 3\n",
    "app__unused": "",
    "tests__test_shop": "from app.shop import price\n\n\ndef test_price():\n    assert price() == 3\n",
    "tests__test_two": "def test_two():\n    pass\n",
    "tests__deep__conftest": "",
    "tests__deep__test_deep": "def test_deep():\n    pass\n",
}
SHOP, TWO = "tests/test_shop.py::test_price", "tests/test_two.py::test_two"
DEEP = "tests/deep/test_deep.py::test_deep"
GATE = """
import pathlib, time

def test_gate():
    pathlib.Path("at_gate").touch()
    while not pathlib.Path("open_gate").exists():
        time.sleep(0.01)
"""


@dataclass(slots=True)
class Watched:
    """A project that is watched by a command whose output goes to a file."""

    project: Project
    process: "Popen[bytes]"
    output: Path

    @property
    def shown(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def wait(self, text: str, count: int = 1) -> None:
        """Until the output holds this so often."""
        wait_for(
            lambda: self.shown.count(text) >= count or self.process.poll() is not None,
            lambda: f"{text} x{count} in {self.shown[-1500:]}",
        )
        assert self.shown.count(text) >= count, self.shown

    def after(self, **files: str) -> set[str]:
        """Save these, all at once as far as the watcher can see; what the next round has run."""
        rounds = self.shown.count(IDLE)
        os.kill(self.process.pid, signal.SIGSTOP)
        self.project.write(**files)
        os.kill(self.process.pid, signal.SIGCONT)
        self.wait(IDLE, rounds + 1)
        return set(finished(self.project))

    def runs(self) -> int:
        folder = self.project.folder / ".handrail" / "runs"
        return sum(each.is_dir() and each.name[0] != "." for each in folder.iterdir())

    def quit(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@contextmanager
def watching(project: Project, *arguments: str, **environ: str) -> Generator[Watched]:
    output = project.home / "output.txt"
    with output.open("wb") as file:
        process = Popen(
            [SCRIPTS / "handrail", *WATCH, *arguments],
            cwd=project.folder, env=project.environment(**environ), stdin=DEVNULL,
            stdout=file, stderr=STDOUT, process_group=0,
        )  # fmt: skip
    try:
        yield Watched(project, process, output)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def shop(project: Project) -> Project:
    project.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        version = "1"

        [tool.pytest.ini_options]
        pythonpath = ["."]
        """,
    )
    project.write(**FILES)
    return project


@pytest.fixture
def watched(shop: Project) -> Generator[Watched]:
    """After its first round, which runs everything."""
    with watching(shop) as found:
        found.wait(IDLE)
        assert set(finished(shop)) == {SHOP, TWO, DEEP}
        yield found


# What is run.

WRITING = """
import pathlib, time
import made

def test_writing():
    pathlib.Path("made.py").write_text(f"AT = {time.time()}")
    while not pathlib.Path("enough").exists():
        time.sleep(0.01)
"""


def test_tests_that_save_sources_begin_themselves_a_few_times_and_no_more(shop: Project) -> None:
    shop.write(tests__test_writing=WRITING, made="AT = 0\n")

    with watching(shop) as watched:
        watched.wait("the tests write made.py: as long as they run, that begins nothing\n")
        shop.put("enough", "")
        watched.wait(IDLE)
        begun = watched.shown.count("begun again")
        runs = watched.runs()
        saved = watched.after(made="AT = 'by hand'\n")

        assert watched.quit() == 0
    assert (begun >= 3, runs - begun) == (True, 1)  # more on a machine whose rounds differ much
    assert watched.shown.count("the tests write") == 1
    assert saved == {"tests/test_writing.py::test_writing"}


def test_tests_that_save_sources_as_the_last_thing_are_noticed_too(shop: Project) -> None:
    shop.write(tests__test_writing=WRITING, made="AT = 0\n")
    shop.put("enough", "")

    with watching(shop) as watched:
        watched.wait("the tests write made.py")
        rounds = watched.shown.count(IDLE)
        watched.wait(IDLE, rounds + 1)
        runs = watched.runs()

        assert watched.quit() == 0
    assert watched.runs() == runs >= 4
    assert watched.shown.count("the tests write") == 1


def test_a_saved_test_module_is_run_alone(watched: Watched) -> None:
    assert watched.after(tests__test_two="def test_two():\n    assert 1\n") == {TWO}

    assert watched.quit() == 0
    assert f"watching 7 {IDLE}\n" in watched.shown
    assert watched.project.left() == []


def test_a_saved_source_runs_the_tests_that_import_it(watched: Watched) -> None:
    assert watched.after(app__shop="def price():\n    return 4\n") == {SHOP}

    assert "assert 4 == 3" in watched.shown
    assert watched.quit() == 1


def test_a_saved_conftest_runs_the_tests_below_it(watched: Watched) -> None:
    assert watched.after(tests__deep__conftest="import os\n") == {DEEP}
    assert watched.after(tests__conftest="import os\n") == {SHOP, TWO, DEEP}


@pytest.mark.parametrize("name", ["data.json", "pyproject.toml"])
def test_what_is_not_understood_runs_everything(watched: Watched, name: str) -> None:
    rounds = watched.shown.count(IDLE)
    text = (watched.project.folder / "pyproject.toml").read_text()

    watched.project.put(name, f"{text}\n# more\n")
    watched.wait(IDLE, rounds + 1)

    assert set(finished(watched.project)) == {SHOP, TWO, DEEP}
    is_renewed = "what the project requires was changed; a new one was started" in watched.shown
    assert is_renewed == (name == "pyproject.toml")


def test_a_source_that_no_test_imports_runs_everything(watched: Watched) -> None:
    assert watched.after(app__unused="1\n") == {SHOP, TWO, DEEP}


def test_two_quick_saves_are_one_round(watched: Watched) -> None:
    ran = watched.after(
        tests__test_two="def test_two():\n    assert 2\n",
        tests__deep__test_deep="def test_deep():\n    assert 3\n",
    )

    assert ran == {TWO, DEEP}
    assert watched.runs() == 2


def test_a_file_saved_as_it_was_runs_nothing(watched: Watched) -> None:
    os.utime(watched.project.folder / "tests" / "test_two.py")

    ran = watched.after(tests__deep__test_deep="def test_deep():\n    assert 4\n")

    assert ran == {DEEP}
    assert watched.runs() == 2


def test_a_new_test_module_beside_others_is_run(watched: Watched) -> None:
    ran = watched.after(tests__test_new="def test_new():\n    pass\n")

    assert ran == {"tests/test_new.py::test_new"}


def test_a_syntax_error_and_its_repair(watched: Watched) -> None:
    broken = watched.after(app__shop="def price(:\n")
    shown = watched.shown
    repaired = watched.after(app__shop=FILES["app__shop"])

    assert (broken, repaired) == (set(), {SHOP})
    assert "SyntaxError" in shown
    assert watched.quit() == 0


def test_a_deleted_source_and_a_deleted_test(watched: Watched) -> None:
    (watched.project.folder / "app" / "shop.py").unlink()
    watched.wait(IDLE, 2)
    runs = watched.runs()
    (watched.project.folder / "tests" / "test_shop.py").unlink()
    watched.wait(IDLE, 3)

    assert "ModuleNotFoundError" in watched.shown or "ImportError" in watched.shown
    assert "saved: tests/test_shop.py; no test is left to run" in watched.shown
    assert watched.runs() == runs
    assert watched.quit() == 1


def test_no_more_is_run_than_was_asked_for(shop: Project) -> None:
    with watching(shop, "tests/test_two.py", "tests/deep") as watched:
        watched.wait(IDLE)
        assert set(finished(shop)) == {TWO, DEEP}

        assert watched.after(tests__deep__conftest="import os\n") == {DEEP}
        assert watched.after(app__shop="") == {TWO, DEEP}


def test_what_tests_write_does_not_run_them_again(shop: Project) -> None:
    text = "import os, pathlib\n\n\ndef test_two():\n    pathlib.Path('out.json').write_text(str(os.getpid()))\n"
    shop.write(tests__test_two=text)
    with watching(shop) as watched:
        watched.wait(IDLE)

        for number in (1, 2):
            assert watched.after(tests__test_two=f"{text}# {number}\n") == {TWO}

        assert watched.runs() == 3


# Rounds.


def test_a_save_during_a_round_begins_the_next(shop: Project) -> None:
    shop.write(tests__test_gate=GATE)
    with watching(shop) as watched:
        wait_for((shop.folder / "at_gate").exists, "the gate")
        passed = wait_for(lambda: set(finished(shop)) - {TWO}, "another test")

        shop.write(tests__test_two="def test_two():\n    assert 5\n")
        watched.wait("saved: tests/test_two.py; begun again\n")
        (shop.folder / "open_gate").touch()
        watched.wait(IDLE)

        assert watched.shown.count("exit=") == 1
        assert {"tests/test_gate.py::test_gate", TWO} <= set(finished(shop))
        assert not passed & set(finished(shop))
        assert watched.after(app__shop="def price():\n    return 1 + 2\n") == {SHOP}
        assert watched.quit() == 0


def test_ctrl_c_stops_a_round_and_then_everything(shop: Project) -> None:
    shop.write(tests__test_gate=GATE)
    with watching(shop) as watched:
        wait_for((shop.folder / "at_gate").exists, "the gate")

        watched.process.send_signal(signal.SIGINT)
        watched.wait(IDLE)
        assert "STOPPED exit=130" in watched.shown
        assert watched.after(tests__test_two="def test_two():\n    assert 6\n") == {TWO}

        assert watched.quit() == 0
        assert shop.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_when_it_is_ended_in_a_round(shop: Project, number: signal.Signals) -> None:
    shop.write(tests__test_gate=GATE)
    with watching(shop) as watched:
        wait_for((shop.folder / "at_gate").exists, "the gate")

        watched.process.send_signal(number)

        assert watched.process.wait(PATIENCE_S) == (143 if number != signal.SIGKILL else -9)
        assert shop.left() == []


def test_modules_in_which_tests_failed_last_are_first(shop: Project) -> None:
    shop.write(tests__test_zero="def test_zero():\n    assert False\n")
    with watching(shop, "-n", "1") as watched:
        watched.wait(IDLE)

        watched.after(tests__conftest="import os\n")

        assert finished(shop)[0] == "tests/test_zero.py::test_zero"


def test_a_run_that_cannot_begin_is_not_watched(shop: Project) -> None:
    shop.put("pyproject.toml", "[tool.handrail]\nwrokers = 1\n")

    done = shop.command("handrail", *WATCH)

    assert done.returncode == 3
    assert "wrokers" in done.stderr
    assert IDLE not in done.stderr


# The warm process.

OUTSIDE = """
import os, pathlib
pathlib.Path(os.environ["IMPORTS"]).open("a").write("imported\\n")
value = {value}
"""


@pytest.fixture
def outside(shop: Project) -> Path:
    """The file of a module that does not belong to the project."""
    folder = shop.home / "outside"
    folder.mkdir()
    path = folder / "outside_thing.py"
    path.write_text(OUTSIDE.format(value=1))
    shop.write(tests__conftest="import outside_thing\n", tests__test_two=USES.format(value=1))
    return path


USES = "import outside_thing\n\n\ndef test_two():\n    assert outside_thing.value == {value}\n"


def test_third_party_modules_are_imported_once_and_again_when_changed(
    shop: Project, outside: Path
) -> None:
    log = shop.home / "imports.txt"
    environ = {"PYTHONPATH": str(outside.parent), "IMPORTS": str(log)}
    with watching(shop, **environ) as watched:
        watched.wait(IDLE)
        wait_for(lambda: log.read_text().count("\n") == 2, "the warm process to import it, too")
        for number in (1, 2):
            assert watched.after(tests__test_two=USES.format(value=1) + f"# {number}\n") == {TWO}
        assert log.read_text().count("\n") == 2

        outside.write_text(OUTSIDE.format(value=2))
        watched.after(tests__test_two=USES.format(value=2))

        assert "the warm process is out of date: an imported file was changed" in watched.shown
        assert watched.quit() == 0  # the test has seen the new value
        assert shop.left() == []


def test_threads_of_third_party_modules_make_sessions_start_cold(
    shop: Project, outside: Path
) -> None:
    thread = (
        "\nimport threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    outside.write_text(OUTSIDE.format(value=1) + thread)
    log = shop.home / "imports.txt"
    environ = {"PYTHONPATH": str(outside.parent), "IMPORTS": str(log)}
    with watching(shop, **environ) as watched:
        watched.wait("what the project imports starts 2 threads: sessions are started cold\n")
        watched.wait(IDLE)
        imports = log.read_text().count("\n")

        assert watched.after(tests__test_two=USES.format(value=1) + "# more\n") == {TWO}

        assert log.read_text().count("\n") > imports
        assert watched.shown.count("started cold") == 1
        assert watched.quit() == 0


def test_a_warm_process_that_was_killed_is_replaced(watched: Watched) -> None:
    # A session that was forked from it and has just ended may be there too.
    warm = min(pid for pid, line in watched.project.pids().items() if "--warm" in line)
    os.kill(warm, signal.SIGKILL)
    wait_until_gone([warm])

    assert watched.after(tests__test_two="def test_two():\n    assert 8\n") == {TWO}

    assert "the warm process ended; a new one was started" in watched.shown


# Keys.


def at_idle(at: Terminal, count: int) -> None:
    at.read_until(lambda: at.shown.count(IDLE.encode()) >= count, f"{count} rounds")


@pytest.mark.parametrize("way", ["q", "ctrl-c"])
def test_keys(shop: Project, way: str) -> None:
    shop.write(app__shop="def price():\n    return 5\n")
    with terminal(shop, *WATCH) as at:
        before = termios.tcgetattr(at.master)
        at_idle(at, 1)
        during = termios.tcgetattr(at.master)

        at.type(b"f")
        at_idle(at, 2)
        failed = finished(shop)
        at.type(b"\r")
        at_idle(at, 3)
        everything = finished(shop)
        at.type(b"q" if way == "q" else CTRL_C)
        code = at.read_to_end()
        after = termios.tcgetattr(at.master)

    assert "watching 7 files: save one, or Enter: everything, f: failed, q: quit" in str(
        at.screen.lines
    )
    assert failed == [SHOP]
    assert set(everything) == {SHOP, TWO, DEEP}
    assert code == 1
    assert during != before
    assert after == before
    assert shop.left() == []


def test_q_ends_a_round_and_everything(shop: Project) -> None:
    shop.write(tests__test_gate=GATE)
    with terminal(shop, *WATCH) as at:
        at.read_until((shop.folder / "at_gate").exists, "the gate")

        at.type(b"q")

        assert at.read_to_end() == 130
    assert shop.left() == []
    assert IDLE not in str(at.screen.lines)


def test_the_terminal_is_restored_when_it_is_terminated(shop: Project) -> None:
    with terminal(shop, *WATCH) as at:
        before = termios.tcgetattr(at.master)
        at_idle(at, 1)

        at.process.send_signal(signal.SIGTERM)
        at.read_to_end()

        assert termios.tcgetattr(at.master) == before
    assert shop.left() == []


# What is refused.

FOR_A_PERSON = """\
error: --watch is for a person who saves files [usage]
  {where}

hint: leave out --watch: one run, one verdict
"""


@pytest.mark.parametrize(
    ("given", "environ", "where"),
    [
        (["--ci"], {}, "--ci"),
        ([], {"CI": "true"}, "the environment is that of CI"),
        ([], {"AI_AGENT": "1"}, "an agent reads the answer"),
        (["--json"], {}, "--format json"),
    ],
)
def test_it_is_for_a_person(
    shop: Project, given: list[str], environ: dict[str, str], where: str
) -> None:
    done = shop.command("handrail", "run", "--watch", *given, **environ)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == FOR_A_PERSON.format(where=where)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--pdb"],
            (
                "error: --watch cannot be combined with what gives the terminal to pytest [usage]\n"
                "  handrail run --watch --pdb\n\nhint: leave out --watch, or -s, --pdb, --co and the like\n"
            ),
        ),
        (
            ["--dry-run"],
            "error: --watch cannot be combined with --dry-run [usage]\n\nhint: leave out one of them\n",
        ),
        (
            ["--wait", "3s"],
            "error: --watch cannot be combined with --wait [usage]\n\nhint: leave out one of them\n",
        ),
    ],
)
def test_what_cannot_be_combined(shop: Project, given: list[str], said: str) -> None:
    done = shop.command("handrail", "run", "--watch", *given)

    assert (done.returncode, done.stdout, done.stderr) == (3, "", said)


def test_a_round_can_be_rerun_like_any_run(watched: Watched) -> None:
    watched.after(app__shop="def price():\n    return 4\n")
    started = json.loads(watched.project.latest("events.ndjson").splitlines()[0])

    assert started["arguments"][:2] == ["run", "tests/test_shop.py"]
    assert "--watch" not in started["arguments"]
    done = watched.project.command("handrail", "rerun")
    assert done.returncode == 1
