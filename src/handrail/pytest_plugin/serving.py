"""A process becomes a worker: one that was just forked, or one that was started for this."""

import contextlib
import faulthandler
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from functools import partial

import pytest

from handrail.execution import limits
from handrail.execution.worker_end import Tag, WorkerEnd
from handrail.pytest_plugin.internals import capture, junit, process
from handrail.pytest_plugin.line import Line, Tell
from handrail.pytest_plugin.modules import Modules
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.work import Work
from handrail.pytest_plugin.worker import Worker
from handrail.system import processes


def fork_worker(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    count: int,
    run_id: str,
    foreign: Sequence[int],
) -> int:
    """Fork a worker that serves ``end``; return its process id. Raises: OSError.

    ``foreign``: descriptors that lead to other workers.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that the kernel knows; those that matter were counted.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _serve_forked(session, end, work, barrier, count=count, run_id=run_id, foreign=foreign)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    return pid


def _serve_forked(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    count: int,
    run_id: str,
    foreign: Sequence[int],
) -> None:
    """Become a worker in a process just forked from the controller. Never returns."""
    status = 1
    try:
        os.setpgid(0, 0)
        processes.die_with_parent()
        for descriptor in foreign:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        process.detach_finalizers()
        process.become_worker(session.config, f"gw{end.number}", count, run_id)
        junit.detach(session.config)
        for name in ("handrail-run", "handrail-closing", "lfplugin", "nfplugin"):
            session.config.pluginmanager.unregister(name=name)
        status = _serve(session, end, work, barrier)
    except BaseException:  # noqa: BLE001 - the top of a process
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def serve_spawned(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    ids: int | None = None,
) -> None:
    """Serve in a process started for this. Never returns. ``ids``: checksum of what it collected."""
    status = 1
    try:
        process.own_temporary_folder(session.config, f"gw{end.number}")
        session.config.pluginmanager.unregister(name="handrail-run")
        status = _serve(session, end, work, barrier, ids=ids)
    except BaseException:  # noqa: BLE001 - the top of a process
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _serve(
    session: pytest.Session,
    end: WorkerEnd,
    work: Work,
    barrier: Barrier,
    *,
    ids: int | None = None,
) -> int:
    if barrier.is_lenient:
        session.config.option.maxfail = 0  # which failures count is known to the controller alone
    line = Line(end)
    modules = Modules(session, work, barrier, line)
    worker = Worker(session, modules, line)
    if hasattr(faulthandler, "register"):
        faulthandler.register(limits.STACKS_SIGNAL, file=end.stacks, all_threads=True, chain=False)
    if faulthandler.is_enabled():
        faulthandler.enable(file=end.stacks)
    line.send(Tag.HELLO, capture.restart(session.config))
    session.config.pluginmanager.register(modules, "handrail-modules")
    session.config.pluginmanager.register(worker, "handrail-worker")
    guard = session.config.pluginmanager.get_plugin("handrail-guard")
    if guard is not None:
        guard.tell = partial(line.send, Tell.LEFT)
    for name in ("handrail-profile", "handrail-tracing"):
        watching = session.config.pluginmanager.get_plugin(name)
        if watching is not None:
            watching.begin()
    modules.go_live()
    if ids is not None:
        line.send(Tell.IDS, ids)
    with contextlib.suppress(KeyboardInterrupt):
        worker.serve()
    worker.finish()
    process.run_exit_functions()
    return 0
