"""What a supervisor sends and a watcher shows; real pipes, terminals and processes."""

import contextlib
import io
import itertools
import json
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handrail.execution import console as console_module
from handrail.execution.console import (
    BEGUN,
    ERR,
    EXIT,
    OUT,
    Console,
    Watch,
    detach,
    terminal_columns,
)

READY_S = 10.0
HEADER = struct.Struct("!cI")
Frame = tuple[bytes, bytes]
printed = st.tuples(st.sampled_from([OUT, ERR]), st.text(max_size=300).map(str.encode))


class Line:
    """A console and the end of the pipe that its watcher would read."""

    def __init__(self) -> None:
        self.source, sink = os.pipe()
        os.set_blocking(self.source, False)
        self.console = Console(sink, is_terminal=(False, True), columns=80)

    def drained(self) -> bytes:
        """All that is in the pipe now."""
        read = bytearray()
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.source, 1 << 20):
                read += chunk
        return bytes(read)

    def is_ended(self) -> bool:
        """Whether the supervisor's end is closed, and everything was read."""
        try:
            return os.read(self.source, 1) == b""
        except BlockingIOError:
            return False


@pytest.fixture
def line() -> Generator[Line]:
    made = Line()
    yield made
    made.console.leave()
    with contextlib.suppress(OSError):
        os.close(made.source)


def frames(data: bytes) -> list[Frame]:
    """Whole frames, read in the plainest way; what is left over is a failure."""
    found = []
    while data:
        tag, size = HEADER.unpack_from(data)
        assert len(data) >= HEADER.size + size
        found.append((tag, data[HEADER.size : HEADER.size + size]))
        data = data[HEADER.size + size :]
    return found


def packed(*each: Frame) -> bytes:
    return b"".join(HEADER.pack(tag, len(data)) + data for tag, data in each)


def watch_of(source: int) -> Watch:
    watch = Watch()
    watch.begin(source)
    return watch


def begun(pid: int, folder: str = "/p/7k2f", *, is_joined: bool = False) -> Frame:
    document = {"folder": folder, "pid": pid, "is_joined": is_joined}
    return BEGUN, json.dumps(document).encode()


@contextmanager
def watching(data: bytes = b"", *, is_ended: bool = True) -> Generator[Watch]:
    """A watch whose supervisor sent this little, and is gone or silent."""
    source, sink = os.pipe()
    os.write(sink, data)
    if is_ended:
        os.close(sink)
    yield watch_of(source)
    os.close(source)
    if not is_ended:
        os.close(sink)


def watched(watch: Watch) -> Watch:
    ends_at = time.monotonic() + READY_S
    while not watch.is_over:
        assert time.monotonic() < ends_at
        watch.take_in(READY_S)
    return watch


@contextmanager
def replaced(descriptor: int, by: int) -> Generator[None]:
    """Make one of our standard streams something else."""
    saved = os.dup(descriptor)
    os.dup2(by, descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


class Reader(threading.Thread):
    """Reads from a descriptor to its end, with pauses."""

    def __init__(self, source: int, *, pause_s: float = 0.0) -> None:
        super().__init__(daemon=True)
        self._pause_s = pause_s
        self._source = source
        self.data = b""
        self.start()

    def run(self) -> None:
        while select.select([self._source], [], [], READY_S)[0]:
            chunk = os.read(self._source, 1 << 16)
            if not chunk:
                return
            self.data += chunk
            time.sleep(self._pause_s)


# The supervisor's end.


def test_frames_are_sent_as_they_come(line: Line) -> None:
    print("answer", file=line.console.out)
    print("progress", file=line.console.err)
    line.console.begun(Path("/p/.handrail/runs/7k2f"), pid=7, is_joined=True)

    *texts, (tag, begun) = frames(line.drained())

    assert texts == [(OUT, b"answer"), (OUT, b"\n"), (ERR, b"progress"), (ERR, b"\n")]
    assert tag == BEGUN
    assert json.loads(begun) == {
        "folder": "/p/.handrail/runs/7k2f",
        "pid": 7,
        "is_joined": True,
    }


@given(st.lists(st.tuples(printed, st.integers(0, 200_000)), max_size=8))
@example([((OUT, b"a" * 1000), 1), ((OUT, b"b"), 1), ((OUT, b"c"), 0)])
def test_answers_arrive_whole_and_in_order_however_slowly_they_are_read(
    sent: list[tuple[Frame, int]],
) -> None:
    line, read = Line(), b""

    for (_, data), size in sent:
        line.console.send(OUT, data * 500)
        with contextlib.suppress(BlockingIOError):
            read += os.read(line.source, size) if size else b""
    reader = Reader(line.source)
    line.console.finish(3, within_s=READY_S)
    reader.join()
    os.close(line.source)

    answers = [(OUT, data * 500) for (_, data), _ in sent]
    assert frames(read + reader.data) == [*answers, (EXIT, b"3")]


def test_a_reader_that_is_gone_costs_nothing(line: Line) -> None:
    os.close(line.source)

    print("answer" * 100_000, file=line.console.out)
    print("progress", file=line.console.err)
    line.console.begun(Path("/p"), pid=7)
    line.console.finish(0, within_s=READY_S)

    assert not line.console.is_watched


def test_a_reader_that_goes_while_much_is_waiting_costs_nothing(line: Line) -> None:
    print("answer" * 100_000, file=line.console.out)
    was_watched = line.console.is_watched
    os.close(line.source)

    print("more", file=line.console.out)

    assert was_watched
    assert not line.console.is_watched


def test_a_reader_that_never_reads_never_blocks_and_misses_nothing(line: Line) -> None:
    blockage, told = b"x" * (1 << 20), [b"%d" % n for n in range(100)]
    line.console.send(OUT, blockage)
    for each in told:
        line.console.send(ERR, b"warning: " + each)
        line.console.send(OUT, each)

    reader = Reader(line.source)
    line.console.finish(0, within_s=READY_S)
    reader.join()

    found = frames(reader.data)
    assert [data for tag, data in found if tag == OUT] == [blockage, *told]
    assert [data for tag, data in found if tag == ERR] == [b"warning: " + each for each in told]


def test_a_reader_that_has_not_read_everything_is_behind_until_it_has(line: Line) -> None:
    was_behind = line.console.is_behind()
    line.console.send(OUT, b"x" * (1 << 20))
    is_behind = line.console.is_behind()

    read = line.drained()
    while line.console.is_behind():
        read += line.drained()

    assert (was_behind, is_behind) == (False, True)
    assert frames(read + line.drained()) == [(OUT, b"x" * (1 << 20))]


def test_who_asks_whether_a_reader_is_behind_passes_on_what_waits(line: Line) -> None:
    line.console.send(ERR, b"x" * (1 << 16))
    line.drained()

    line.console.is_behind()

    assert line.drained() != b""


def test_a_reader_for_whom_too_much_waits_is_taken_to_be_gone(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_module, "MAX_WAITING_BYTES", 1 << 20)

    line.console.send(OUT, b"x" * (1 << 20))
    was_watched = line.console.is_watched
    line.console.send(OUT, b"x" * (1 << 18))

    assert was_watched
    assert not line.console.is_watched
    line.drained()
    assert line.is_ended()


def test_what_was_read_counts_no_longer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "MAX_WAITING_BYTES", 1 << 20)

    for _ in range(100):
        line.console.send(OUT, b"x" * (1 << 15))
        line.drained()

    assert line.console.is_watched


def test_the_end_is_the_exit_code_and_then_nothing(line: Line) -> None:
    line.console.finish(5)

    assert frames(line.drained()) == [(EXIT, b"5")]
    assert line.is_ended()
    assert not line.console.is_watched


@pytest.mark.slow
def test_the_end_waits_for_a_reader_but_not_for_long(line: Line) -> None:
    line.console.send(OUT, b"x" * (1 << 20))
    began = time.monotonic()

    line.console.finish(0, patience_s=0.3)

    assert 0.3 <= time.monotonic() - began < READY_S
    assert not line.console.is_watched


@pytest.mark.slow
def test_a_reader_that_takes_a_little_now_and_then_gets_everything(line: Line) -> None:
    answer = b"x" * (1 << 20)
    line.console.send(OUT, answer)
    reader = Reader(line.source, pause_s=0.05)

    line.console.finish(0, patience_s=0.5)
    reader.join()

    assert frames(reader.data) == [(OUT, answer), (EXIT, b"0")]


@pytest.mark.slow
def test_however_little_a_reader_takes_there_is_an_end(line: Line) -> None:
    line.console.send(OUT, b"x" * (1 << 20))
    reader = Reader(line.source, pause_s=0.05)

    line.console.finish(0, patience_s=READY_S, within_s=0.2)
    reader.join()

    assert 0 < len(reader.data) < 1 << 20


def test_after_the_end_nothing_is_sent_and_nothing_fails(line: Line) -> None:
    line.console.leave()
    line.console.leave()
    print("late", file=line.console.out)
    line.console.finish(0)

    assert line.is_ended()


# Screens.


def test_a_screen_stands_in_for_stdout(line: Line) -> None:
    with contextlib.redirect_stdout(line.console.out):
        print("one", end="", flush=True)
        print("", end="")
        sys.stdout.writelines(["two", "three"])

    assert frames(line.drained()) == [(OUT, b"one"), (OUT, b"two"), (OUT, b"three")]


def test_a_screen_is_a_terminal_if_the_watchers_is(line: Line) -> None:
    assert not line.console.out.isatty()
    assert line.console.err.isatty()
    assert line.console.columns == 80


def test_a_screen_takes_any_text_and_says_how_much_of_it(line: Line) -> None:
    text = "é\N{CAT FACE}\udc80\0"

    assert line.console.out.write(text) == len(text)
    assert line.console.out.writable()
    assert line.console.out.encoding == "utf-8"
    assert frames(line.drained()) == [(OUT, "é\N{CAT FACE}\\udc80\0".encode())]


# The watcher's end.


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(printed, max_size=5), st.lists(st.integers(0, 1600), max_size=8), st.integers(0, 255)
)
@example([(OUT, b"ab")], [1, 2, 3, 4, 5, 6, 7, 8], 3)
def test_frames_that_are_cut_anywhere_arrive_whole(
    capfdbinary: pytest.CaptureFixture[bytes], sent: list[Frame], cuts: list[int], code: int
) -> None:
    source, sink = os.pipe()
    watch = watch_of(source)
    data = packed(begun(7, is_joined=True), *sent, (EXIT, str(code).encode()))
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]

    for first, last in itertools.pairwise(edges):
        assert watch.exit_code is None
        os.write(sink, data[first:last])
        watch.take_in(0.0)

    out, err = capfdbinary.readouterr()
    os.close(source)
    os.close(sink)
    assert out == b"".join(text for tag, text in sent if tag == OUT)
    assert err == b"".join(text for tag, text in sent if tag == ERR)
    assert (watch.folder, watch.pid, watch.is_joined) == ("/p/7k2f", 7, True)
    assert (watch.is_over, watch.exit_code) == (True, code)


def test_a_supervisor_that_is_silent_is_not_waited_for_longer_than_asked() -> None:
    with watching(is_ended=False) as watch:
        watch.take_in(0.01)

        assert not watch.is_over
        assert watch.exit_code is None


@pytest.mark.parametrize("data", [b"", packed((OUT, b"text"))[:-1], packed((EXIT, b"0"))[:3]])
def test_a_supervisor_that_is_gone_leaves_no_exit_code(data: bytes) -> None:
    with watching(data) as watch:
        watched(watch)

        assert watch.exit_code is None


def test_a_stream_that_cannot_show_a_character_gets_it_spelled_out(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    text = "é\N{CAT FACE}".encode()

    with watching(packed((OUT, text), (ERR, text))) as watch:
        watched(watch)

    assert capfdbinary.readouterr() == (b"\xe9\\U0001f431", b"\\xe9\\U0001f431")


def test_if_our_own_reader_is_gone_the_watcher_is_told() -> None:
    source, sink = os.pipe()
    os.close(source)

    with (
        watching(packed((OUT, b"text"))) as watch,
        replaced(1, sink),
        pytest.raises(BrokenPipeError),
    ):
        watch.take_in(READY_S)

    os.close(sink)


def test_a_slow_reader_of_ours_gets_everything_even_if_its_pipe_does_not_block() -> None:
    text, (source, sink), (ours, theirs) = b"x" * (1 << 20), os.pipe(), os.pipe()
    os.set_blocking(theirs, False)
    reader = Reader(ours)
    supervisor = threading.Thread(target=_write_all, args=(sink, packed((OUT, text))))
    supervisor.start()

    with replaced(1, theirs):
        watched(watch_of(source))
    os.close(theirs)
    reader.join()
    supervisor.join()

    assert reader.data == text
    os.close(source)
    os.close(ours)


def _write_all(sink: int, data: bytes) -> None:
    with open(sink, "wb") as file:
        file.write(data)


def test_a_terminal_that_is_gone_ends_the_progress_but_not_the_answer(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    ours, theirs = os.openpty()
    os.close(ours)

    with watching(packed((ERR, b"progress"), (OUT, b"answer"))) as watch, replaced(2, theirs):
        watched(watch)
    with watching(packed((OUT, b"answer"))) as watch, replaced(1, theirs), pytest.raises(OSError):
        watched(watch)

    os.close(theirs)
    assert capfdbinary.readouterr().out == b"answer"


@contextmanager
def interruptible() -> Generator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_interrupt_goes_to_the_supervisor_as_long_as_it_lives() -> None:
    with interruptible() as process, watching(packed(begun(process.pid))) as watch:
        watch.take_in(READY_S)
        was_running = process.poll() is None

        watch.interrupt()
        code = process.wait(READY_S)
        watch.interrupt()

    assert was_running
    assert code == -signal.SIGINT


def test_an_interrupt_waits_until_it_is_known_whom_it_is_for() -> None:
    with interruptible() as process, watching(packed(begun(process.pid))) as watch:
        watch.interrupt()
        was_running = process.poll() is None

        watch.take_in(READY_S)

        assert was_running
        assert process.wait(READY_S) == -signal.SIGINT


@contextmanager
def terminal() -> Generator[tuple[int, int]]:
    """A terminal that shows bytes as they are: the end of who looks at it, and that of programs."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def seen(ours: int, size: int) -> bytes:
    """What a terminal shows; it comes when the kernel finds the time."""
    shown = b""
    while len(shown) < size and select.select([ours], [], [], READY_S)[0]:
        shown += os.read(ours, 1 << 16)
    return shown


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        (b"\r5/10 tests\x1b[K", b"\r\x1b[2K\x1b[?25h"),
        (b"\x1b[2Kfirst\nsecond\nthird", b"\r\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[?25h"),
        (b"warning: text\n", b""),
    ],
)
def test_a_drawing_that_is_left_on_a_terminal_is_removed_once(
    drawing: bytes, expected: bytes
) -> None:
    with terminal() as (ours, theirs), watching(packed((ERR, drawing))) as watch:
        with replaced(2, theirs):
            watch.take_in(READY_S)
            watch.tidy()
            watch.tidy()
            os.write(2, b"end")

        assert seen(ours, len(drawing + expected) + 3) == drawing + expected + b"end"


def test_what_is_no_terminal_is_not_tidied() -> None:
    ours, theirs = os.pipe()

    with watching(packed((ERR, b"\rdrawing"))) as watch, replaced(2, theirs):
        watch.take_in(READY_S)
        watch.tidy()
    os.close(theirs)

    assert os.read(ours, 1 << 16) == b"\rdrawing"
    os.close(ours)


@pytest.mark.parametrize(("size", "expected"), [((24, 132), 132), ((0, 0), 80)])
def test_a_terminal_is_as_wide_as_it_says(
    size: tuple[int, int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal() as (_, theirs), open(theirs, "w", closefd=False) as stream:
        termios.tcsetwinsize(theirs, size)
        monkeypatch.setattr(sys, "stderr", stream)

        assert terminal_columns() == expected


def test_what_is_no_terminal_is_eighty_wide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stream in (io.StringIO(), (tmp_path / "file").open("w")):
        with stream:
            monkeypatch.setattr(sys, "stderr", stream)

            assert terminal_columns() == 80


@pytest.mark.slow
def test_a_process_ends_as_if_it_had_never_caught_the_signal() -> None:
    code = """
import signal
from handrail.execution.console import end_as
signal.signal(signal.SIGTERM, lambda number, frame: end_as(signal.SIGTERM))
signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=READY_S, check=False)

    assert done.returncode == -signal.SIGTERM


# Becoming a supervisor.


class Gate:
    """Lets somebody wait in another process who has none of our descriptors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.mkfifo(path)

    def wait(self) -> None:
        signal.alarm(int(READY_S))  # nobody is left behind if the test fails
        self._path.read_bytes()

    def open(self) -> None:
        """Let the one that waits go on; an error if it never comes."""
        ends_at = time.monotonic() + READY_S
        while True:
            try:
                os.close(os.open(self._path, os.O_WRONLY | os.O_NONBLOCK))
                return
            except OSError:
                if time.monotonic() > ends_at:
                    raise


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def told(body: Callable[[Console], object]) -> tuple[Watch, int]:
    """Detach what prints the value of ``body`` as JSON; the watch, and what to close."""

    def printing(console: Console) -> int:
        print(json.dumps(body(console)))
        return 0

    source = detach(printing, columns=80)
    return watch_of(source), source


@pytest.mark.slow
def test_text_and_exit_code_of_a_detached_process_arrive(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    def body(console: Console) -> int:
        print("answer", console.columns)
        print("progress", file=sys.stderr)
        return 5

    source = detach(body, columns=132)
    watch = watched(watch_of(source))
    os.close(source)

    assert watch.exit_code == 5
    assert capfdbinary.readouterr() == (b"answer 132\n", b"progress\n")


@pytest.mark.slow
def test_a_detached_process_has_a_session_of_its_own_and_is_nobodys_child(
    capfdbinary: pytest.CaptureFixture[bytes], gate: Gate
) -> None:
    def body(console: Console) -> object:
        gate.wait()  # until the one that forked it is gone
        return {"pid": os.getpid(), "sid": os.getsid(0), "parent": os.getppid()}

    watch, source = told(body)
    gate.open()
    watched(watch)
    os.close(source)

    found = json.loads(capfdbinary.readouterr().out)
    assert found["sid"] != os.getsid(0)
    assert found["pid"] != found["sid"], "a leader could get a terminal again"
    assert found["parent"] not in {os.getpid(), found["sid"]}


@pytest.mark.slow
def test_a_detached_process_keeps_none_of_our_descriptors(
    capfdbinary: pytest.CaptureFixture[bytes], gate: Gate, tmp_path: Path
) -> None:
    def body(console: Console) -> object:
        gate.wait()
        numbers = sorted(map(int, os.listdir("/proc/self/fd")))
        links = [f"/proc/self/fd/{number}" for number in numbers]
        return [os.readlink(link) for link in links if os.path.exists(link)]

    ours, theirs = os.pipe()
    with (tmp_path / "file").open("w"):
        watch, source = told(body)
    os.close(theirs)
    is_ready = select.select([ours], [], [], READY_S)[0]
    end = os.read(ours, 1) if is_ready else b"still open"
    gate.open()
    watched(watch)
    os.close(ours)
    os.close(source)

    *standard, pipe = json.loads(capfdbinary.readouterr().out)
    assert end == b""
    assert standard == [os.devnull] * 3
    assert pipe.startswith("pipe:")


@pytest.mark.slow
def test_a_detached_process_heeds_signals_whatever_the_watcher_does_with_them(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]

    watch, source = told(lambda _: [repr(signal.getsignal(number)) for number in numbers])
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    watched(watch)
    os.close(source)

    assert json.loads(capfdbinary.readouterr().out) == [
        repr(signal.default_int_handler),
        *[repr(signal.SIG_DFL)] * 2,
    ]


@pytest.mark.slow
def test_a_detached_process_is_not_waited_for(
    capfdbinary: pytest.CaptureFixture[bytes], gate: Gate
) -> None:
    watch, source = told(lambda _: gate.wait())

    watch.take_in(0.0)
    was_over = watch.is_over
    gate.open()
    watched(watch)
    os.close(source)

    assert not was_over
    assert watch.exit_code == 0


ADOPTING = """
import os, signal, sys
from handrail.execution.console import Watch, detach
from handrail.system import processes
processes.adopt_orphans()
signal.alarm(10)

def body(console):
    {body}

watch = Watch()
watch.begin(detach(body, columns=80))
{before}
while not watch.is_over:
    watch.take_in(10)
_, status = os.wait()
os.write(2, f"code {{watch.exit_code}} status {{os.waitstatus_to_exitcode(status)}}".encode())
"""


LATE = """
import time
ends_at = time.monotonic() + 1
while time.monotonic() < ends_at and not os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG):
    pass
"""
"""Nothing is read before the end, or for a second."""


def adopted(body: str, *, before: str = "", stdout: int = subprocess.PIPE) -> tuple[bytes, bytes]:
    """What a watcher of this body prints, which becomes its parent again and tells how it ended."""
    code = ADOPTING.format(body=body, before=before)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, timeout=20, check=True
    )
    return done.stdout, done.stderr


@pytest.mark.slow
def test_the_exit_code_is_that_of_the_process_too() -> None:
    assert adopted("print('answer'); return 130") == (b"answer\n", b"code 130 status 130")


@pytest.mark.slow
def test_an_exception_is_a_traceback_on_stderr_and_exit_code_one() -> None:
    out, err = adopted("print('answer'); raise LookupError('no such thing')")

    assert out == b"answer\n"
    assert err.startswith(b"Traceback (most recent call last):\n")
    assert err.endswith(b"LookupError: no such thing\ncode 1 status 1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", ["raise SystemExit(0)", "raise KeyboardInterrupt", "return 1 // 0"]
)
def test_whatever_ends_a_body_before_its_time_is_not_a_pass(body: str) -> None:
    _, err = adopted(body)

    assert err.endswith(b"code 1 status 1")


@pytest.mark.slow
def test_a_traceback_arrives_even_if_much_was_said_before() -> None:
    _, err = adopted("print('x' * (1 << 20)); raise LookupError('no such thing')", before=LATE)

    assert b"LookupError: no such thing\n" in err


@pytest.mark.slow
def test_a_detached_process_knows_which_of_our_streams_are_terminals() -> None:
    ours, theirs = os.openpty()

    _, err = adopted("return 10 * console.out.isatty() + console.err.isatty()", stdout=theirs)

    os.close(ours)
    os.close(theirs)
    assert err == b"code 10 status 10"


@pytest.mark.slow
def test_nothing_that_ends_the_watcher_ends_a_detached_process(tmp_path: Path) -> None:
    gate, result = Gate(tmp_path / "gate"), Gate(tmp_path / "result")
    code = f"""
import os, signal
from pathlib import Path
from handrail.execution.console import Watch, detach

def body(console):
    signal.alarm(10)
    Path({str(tmp_path / "gate")!r}).read_bytes()
    print("x" * (1 << 20))
    Path({str(tmp_path / "result")!r}).write_bytes(b"alive")
    return 0

detach(body, columns=80)
print("detached", flush=True)
signal.pause()
"""
    watcher = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    with watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == b"detached\n"
        os.killpg(watcher.pid, signal.SIGHUP)
        os.killpg(watcher.pid, signal.SIGKILL)

    gate.open()

    assert result._path.read_bytes() == b"alive"
