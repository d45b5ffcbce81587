"""A test that hangs, in whatever way, ends at its limit; the rest of the run goes on."""

import os
import sys

import pytest
from real_runs import Project

HANGS = {
    "python-loop": """
        while True:
            pass
    """,
    "sleep-in-c": """
        import time
        time.sleep(1000)
    """,
    "alarm-ignored": """
        import signal, time
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(10)
    """,
    "signals-blocked": """
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            time.sleep(10)
    """,
    "regular-expression": """
        import re
        re.match(r"(a+)+$", "a" * 64 + "b")
    """,
    "holds-the-gil": """
        import ctypes
        ctypes.PyDLL(None).sleep(1000)
    """,
    "catches-everything": """
        import time
        while True:
            try:
                time.sleep(10)
            except BaseException:
                pass
    """,
    "dead-lock": """
        import threading
        one, two = threading.Lock(), threading.Lock()
        barrier = threading.Barrier(2)
        def take(first, second):
            with first:
                barrier.wait()
                with second:
                    pass
        threads = [threading.Thread(target=take, args=pair) for pair in ((one, two), (two, one))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    """,
    "waits-for-a-child": """
        import subprocess, sys
        code = "import subprocess, sys; subprocess.run(['sleep', '1000'])"
        subprocess.run([sys.executable, "-c", code])
    """,
    "huge-integer": """
        10 ** 10 ** 10
    """,
}
BLOCKS_SIGNALS = {"signals-blocked"}


def body(kind: str) -> str:
    lines = [line.removeprefix("    ") for line in HANGS[kind].strip("\n").splitlines()]
    return "\n".join(lines)


def suite(project: Project, kind: str) -> None:
    project.put(
        "test_hang.py",
        "import pytest\n\n"
        "def test_before():\n    pass\n\n"
        "@pytest.mark.timeout(1)\n"
        f"def test_hangs():\n{body(kind)}\n\n"
        "def test_after():\n    pass\n",
    )
    project.write(test_other="def test_one():\n    pass\n\ndef test_two():\n    pass\n")


OTHERS = {
    "test_hang.py::test_before",
    "test_hang.py::test_after",
    "test_other.py::test_one",
    "test_other.py::test_two",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HANGS)
def test_a_hung_test_is_ended_at_its_limit_with_its_stacks_and_the_rest_goes_on(
    project: Project, kind: str
) -> None:
    suite(project, kind)

    run = project.run("-p", "no:timeout")

    assert run.returncode == 1, run.stderr
    failure = run.failures["test_hang.py::test_hangs"]
    assert failure["kind"] == "timeout"
    assert "1 s" in failure["message"] or "1s" in failure["message"]
    assert run.passed == OTHERS
    assert run.elapsed_s < 10
    assert run.left == []
    if kind not in BLOCKS_SIGNALS:  # faulthandler needs neither the GIL nor a turn of the loop
        assert "test_hangs" in run.log.partition("Stacks of all threads")[2], run.log
        assert "test_hang.py" in {frame["path"] for frame in failure["frames"]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["signals-blocked", "waits-for-a-child"])
def test_a_test_that_hangs_in_a_single_process_ends_the_session(
    project: Project, kind: str
) -> None:
    suite(project, kind)

    run = project.run("-n", "0", "-p", "no:timeout")

    assert run.returncode == 1
    assert run.outcomes["test_hang.py::test_hangs"] == "failed"
    assert run.outcomes["test_hang.py::test_before"] == "passed"
    assert run.report["complete"] is False
    assert run.left == []


@pytest.mark.slow
def test_a_fixture_that_hangs_is_bounded_like_its_test(project: Project) -> None:
    project.write(
        test_hang="""
            import time
            import pytest

            @pytest.fixture
            def endless():
                time.sleep(1000)

            @pytest.fixture
            def endless_end():
                yield
                time.sleep(1000)

            @pytest.mark.timeout(1)
            def test_setup(endless):
                pass

            def test_between():
                pass

            @pytest.mark.timeout(1)
            def test_teardown(endless_end):
                pass

            def test_after():
                pass
            """
    )

    run = project.run("-p", "no:timeout")

    assert run.returncode == 1
    assert {name: each["kind"] for name, each in run.failures.items()} == {
        "test_hang.py::test_setup": "timeout",
        "test_hang.py::test_teardown": "timeout",
    }
    assert run.passed == {"test_hang.py::test_between", "test_hang.py::test_after"}


@pytest.mark.slow
def test_a_module_that_hangs_at_import_is_a_collection_error(project: Project) -> None:
    project.write(
        test_hang="import time\n\ntime.sleep(1000)\n\ndef test_never():\n    pass\n",
        test_other="def test_one():\n    pass\n",
    )

    run = project.run(timeout_s=30, HANDRAIL_COLLECT_TIMEOUT="1s")

    assert run.returncode == 1
    assert "test_hang.py" in run.stdout
    assert "did not end within 1s" in run.stdout
    assert run.left == []


@pytest.mark.slow
def test_the_command_line_bounds_every_test(project: Project) -> None:
    project.write(
        test_a="import time\n\ndef test_a():\n    time.sleep(1000)\n\ndef test_b():\n    pass\n"
    )

    run = project.run("--timeout", "1s")

    assert run.outcomes == {"test_a.py::test_a": "failed", "test_a.py::test_b": "passed"}


@pytest.mark.slow
def test_a_run_ends_with_its_budget(project: Project) -> None:
    slow = "import time\nimport pytest\n\n@pytest.mark.parametrize('n', range(50))\ndef test_n(n):\n    time.sleep(0.3)\n"
    project.write(test_a=slow, test_b=slow)

    run = project.run("--budget", "2s")

    assert run.report["verdict"] == "timed_out"
    assert run.returncode == 1
    assert run.elapsed_s < 8
    assert run.left == []
    assert run.report["complete"] is False
    assert run.report["summary"]["not_run"] > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_in_a_session_of_its_own_does_not_outlive_the_test(project: Project) -> None:
    project.write(
        test_a="""
            import subprocess
            import pytest

            @pytest.mark.timeout(1)
            def test_a():
                subprocess.Popen(["sleep", "1000"], start_new_session=True).wait()

            def test_b():
                pass
            """
    )

    run = project.run("-p", "no:timeout")

    assert run.outcomes == {"test_a.py::test_a": "failed", "test_a.py::test_b": "passed"}
    assert run.left == []


@pytest.mark.slow
def test_many_hangs_cost_their_limits_in_parallel(project: Project) -> None:
    one = "import time\nimport pytest\n\n@pytest.mark.timeout(1)\ndef test_a():\n    time.sleep(1000)\n"
    project.write(**{f"test_{n}": one for n in range(4)})

    run = project.run("-p", "no:timeout", "-n", "4")

    assert len(run.outcomes) == 4
    assert set(run.outcomes.values()) == {"failed"}
    assert run.elapsed_s < 6 + (os.cpu_count() == 1) * 6
