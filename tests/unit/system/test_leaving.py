"""The end of a process: what it owes to others is done, what only costs time is not."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "import atexit, sys\nfrom handrail.system.leaving import leave\n"


def left(script: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-E", "-c", HEAD + script],  # and so not unbuffered
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


def test_what_was_printed_is_written_and_the_code_is_told() -> None:
    done = left("print('out'); print('err', file=sys.stderr); leave(3)")

    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_what_is_registered_for_the_end_is_called_and_may_print() -> None:
    done = left("atexit.register(print, 'at the end'); leave(0)")

    assert (done.returncode, done.stdout) == (0, "at the end\n")


def test_no_module_is_cleared() -> None:
    script = """
class Kept:
    def __del__(self):
        print("cleared", file=sys.stderr, flush=True)
kept = Kept()
"""
    assert left(script).stderr == "cleared\n"
    assert left(script + "leave(0)").stderr == ""


def test_whoever_reads_no_more_is_no_failure() -> None:
    done = left("""
import os
source, sink = os.pipe()
os.close(source)
os.dup2(sink, 1)
print("to nobody")
leave(0)
""")

    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_without_output_ends_all_the_same() -> None:
    assert left("sys.stdout = None; leave(4)").returncode == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(("code", "told"), [(0, 1), (3, 3)])
def test_an_answer_that_cannot_be_written_is_no_success(code: int, told: int) -> None:
    with open("/dev/full", "wb") as full:
        assert left(f"print('x'); leave({code})", full.fileno()).returncode == told
