"""Workers that are started afresh instead of forked: where forking is not safe.

A spawned worker is a pytest session of its own with the same arguments, which collects what the
controller's did and then serves the same protocol.
"""

import gc
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handrail.execution import wire
from handrail.execution.worker_end import WorkerEnd
from handrail.model.spec import RunSpec
from handrail.pytest_plugin.internals import collection, coverage, junit, terminal
from handrail.pytest_plugin.preparing import (
    KEPT_IN,
    disarm_xdist,
    make_barrier,
    prepare_services,
    register_markers,
)
from handrail.pytest_plugin.remaining import register_remaining
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.serving import serve_spawned
from handrail.pytest_plugin.watching import register_watching
from handrail.pytest_plugin.work import Work, by_path, checksum, tabulate
from handrail.system import processes

_children: list[subprocess.Popen[bytes]] = []
"""Kept, because a ``Popen`` that is dropped waits for its process; the loop does that."""


def spawn(config: pytest.Config, spec: RunSpec, end: WorkerEnd, *, is_deferred: bool) -> int:
    """Start a worker process; return its id. Raises: OSError."""
    source, feed = os.pipe()
    child = subprocess.Popen(
        [sys.executable, *_arguments(config, source)],
        cwd=config.invocation_params.dir,
        env=_environ(spec, end),
        stdin=subprocess.DEVNULL,
        pass_fds=(*end.descriptors, source),
        process_group=0,
    )
    _children.append(child)
    os.close(source)
    with suppress(OSError):  # it may be gone already; the loop will see
        wire.send(feed, ("worker", spec, end, is_deferred, _worker_input(config, spec, end)))
    os.close(feed)
    return child.pid


def _arguments(config: pytest.Config, source: int) -> list[str]:
    given = [str(each) for each in config.invocation_params.args]
    given[given.index("--handrail-run") + 1] = f"{source},-1"
    if coverage.measures(config):
        given.append("--cov-append")  # or it begins by erasing what other workers have measured
    launch = Path(__file__).with_name("launch.py")
    return [str(launch), *given]


def _environ(spec: RunSpec, end: WorkerEnd) -> dict[str, str]:
    return {
        **os.environ,
        "PYTEST_XDIST_WORKER": f"gw{end.number}",
        "PYTEST_XDIST_WORKER_COUNT": str(spec.workers),
        "PYTEST_XDIST_TESTRUNUID": spec.run_id,
    }


def _worker_input(config: pytest.Config, spec: RunSpec, end: WorkerEnd) -> dict[str, Any]:
    """What plugins expect in ``config.workerinput``: asked of them as xdist would ask."""
    found: dict[str, Any] = {
        "workerid": f"gw{end.number}",
        "workercount": spec.workers,
        "testrunuid": spec.run_id,
        "mainargv": list(sys.argv),
        "cov_master_host": socket.gethostname(),
        "cov_master_topdir": os.fspath(config.invocation_params.dir),
        "cov_master_rsync_roots": [],
    }
    node = SimpleNamespace(
        config=config, workerinput=found, gateway=SimpleNamespace(id=found["workerid"])
    )
    hook = getattr(config.pluginmanager.hook, "pytest_configure_node", None)
    for implementation in hook.get_hookimpls() if hook is not None else ():
        with suppress(Exception):  # a plugin that wants more of xdist than there is
            implementation.function(node)
    return {
        key: value for key, value in found.items() if isinstance(value, (str, int, float, list))
    }


def join_as_worker(
    config: pytest.Config, spec: RunSpec, end: WorkerEnd, is_deferred: bool, worker_input: Any
) -> None:
    """Become the worker at this end: called when pytest configures a spawned session."""
    processes.die_with_parent()
    config.workerinput = worker_input  # type: ignore[attr-defined]
    config.workeroutput = {}  # type: ignore[attr-defined]
    for descriptor in end.descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    disarm_xdist(config)
    junit.attach(config)
    register_markers(config, spec.settings)
    prepare_services(config, spec.settings, is_keeping=spec.is_keeping)
    barrier = make_barrier(config, spec)
    config.pluginmanager.register(barrier, "handrail-barrier")
    register_remaining(config, spec)
    config.stash[KEPT_IN] = spec.kept_in
    if config.pluginmanager.hasplugin("playwright"):
        from handrail.pytest_plugin.attaching import BrowserOutput

        config.pluginmanager.register(BrowserOutput(spec.kept_in), "handrail-output")
    if spec.test_log:
        from handrail.pytest_plugin.log_recording import register_test_log

        register_test_log(config, spec)
    if spec.guard:
        from handrail.pytest_plugin.guarding import register_guard

        register_guard(config, spec.guard)
    register_watching(config, spec)
    config.pluginmanager.register(Spawned(end, barrier, is_deferred=is_deferred), "handrail-run")


class Spawned:
    """A pytest plugin that collects as the controller did, then serves."""

    def __init__(self, end: WorkerEnd, barrier: Barrier, *, is_deferred: bool) -> None:
        self._end = end
        self._barrier = barrier
        self._is_deferred = is_deferred
        self._files: list[Any] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> Generator[None, object, object]:
        """Be silent before the terminal reporter prints its header."""
        terminal.silence(session.config)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Stop at files, if each is to be collected when its turn comes."""
        gc.disable()
        self._session = session
        return (yield)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """The folders and files named are known: stop at files, if that was decided."""
        if self._is_deferred and report.nodeid == "":
            self._files = collection.files_below(self._session, report)
            collection.stop_at_files(self._session)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session) -> None:
        """All files are known: serve, if they are collected one by one."""
        if self._is_deferred:
            collection.go_below_files(session)
            serve_spawned(session, self._end, Work(files=by_path(self._files)), self._barrier)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """All items are known: serve."""
        work, traits = tabulate(session.items, self._barrier)
        ids = checksum(each.nodeid for each in traits.values())
        serve_spawned(session, self._end, work, self._barrier, ids=ids)
