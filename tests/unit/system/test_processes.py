"""What the system tells about real processes, and does to them."""

import os
import select
import signal
import subprocess
import sys
import threading

from families import READY_S, Family

from handrail.system import processes

NOBODY = 2**22 + 1
"""No process has this id."""


def test_what_is_below_a_process_is_found_at_any_depth() -> None:
    family = Family()

    found, sure = processes.below(os.getpid()), processes.descendants(os.getpid())
    family.end()

    assert {family.process.pid, family.grandchild} <= found & sure


def test_what_has_ended_and_was_not_waited_for_is_below_but_not_alive() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    found, is_alive = processes.below(os.getpid()), processes.is_alive(processes.stat(pid))
    os.waitpid(pid, 0)

    assert pid in found
    assert not is_alive


def test_a_process_is_known_by_what_it_was_started_with() -> None:
    family = Family(mark="HANDRAIL_FAMILY=one")

    environment = processes.environment_of(family.grandchild)
    fields = processes.stat(family.grandchild)
    family.end()

    assert b"HANDRAIL_FAMILY=one" in environment
    assert processes.is_alive(fields)
    assert int(fields[processes.PARENT]) == int(fields[processes.GROUP]) == family.process.pid
    assert int(fields[processes.BEGAN]) > 0


def test_a_process_dies_with_the_one_that_started_it() -> None:
    read, write = os.pipe()
    code = f"""
import os, signal
from handrail.system import processes
if os.fork() == 0:
    processes.die_with_parent()
    os.write({write}, b"ready")
    while True:
        signal.pause()
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], pass_fds=(write,)) as parent:
        os.close(write)
        assert select.select([read], [], [], READY_S)[0]
        assert os.read(read, 64) == b"ready"

        parent.kill()

        assert select.select([read], [], [], READY_S)[0]
        assert os.read(read, 64) == b""
    os.close(read)


def test_the_end_of_a_process_makes_its_descriptor_readable() -> None:
    family = Family()
    ended = processes.pidfd(family.process.pid)

    before = select.select([ended], [], [], 0)[0]
    family.end()

    assert (before, select.select([ended], [], [], READY_S)[0]) == ([], [ended])
    os.close(ended)


def test_of_one_that_is_gone_there_is_nothing_to_tell() -> None:
    processes.signal_group(NOBODY, signal.SIGTERM)
    processes.kill_all({NOBODY})

    assert processes.pidfd(NOBODY) == -1
    assert processes.below(NOBODY) == processes.descendants(NOBODY) == set()
    assert processes.stat(NOBODY) == processes.environment_of(NOBODY) == []
    assert processes.name_of(NOBODY) == ""
    assert processes.resident_bytes(NOBODY) == processes.private_bytes(NOBODY) == 0


def test_memory_is_what_the_kernel_counts() -> None:
    before = processes.resident_bytes(os.getpid())
    block = bytearray(b"x") * (32 << 20)

    after = processes.resident_bytes(os.getpid())

    assert len(block) - (4 << 20) < after - before < 2 * len(block)


def test_memory_of_its_own_is_less_than_all_that_a_process_has() -> None:
    assert 0 < processes.private_bytes(os.getpid()) < processes.resident_bytes(os.getpid())


def test_threads_are_counted() -> None:
    before = processes.thread_count()
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()

    during = processes.thread_count()
    go_on.set()
    thread.join()

    assert during == before + 1


def test_what_a_process_holds_is_closed_but_for_what_is_kept() -> None:
    source, sink = os.pipe()
    other = os.open(os.devnull, os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        processes.close_all_but(sink)
        os.write(sink, b" ".join(name.encode() for name in os.listdir("/proc/self/fd")))
        os._exit(0)
    os.close(sink)

    left = {int(name) for name in os.read(source, 4096).split()}
    os.waitpid(pid, 0)
    os.close(source)
    os.close(other)

    assert sink in left
    assert len(left) == 2  # and the one that looks
