"""A process that was forked from pytest: which worker it is, what it leaves to the controller, its end."""

import contextlib
import gc
import os
import weakref
from functools import partial

import pytest

from handrail.pytest_plugin.internals import reports, terminal


def become_worker(config: pytest.Config, worker_id: str, count: int, run_id: str) -> None:
    """Make a forked copy of the controller behave as a worker of xdist would.

    Plugins ask for ``config.workerinput`` and ``PYTEST_XDIST_WORKER``; with them pytest's own
    cache, JUnit and stepwise plugins leave writing to the controller.
    """
    config.workerinput = {  # type: ignore[attr-defined]
        "workerid": worker_id,
        "workercount": count,
        "testrunuid": run_id,
        "mainargv": [],
    }
    os.environ["PYTEST_XDIST_WORKER"] = worker_id
    os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(count)
    os.environ["PYTEST_XDIST_TESTRUNUID"] = run_id
    terminal.silence(config)
    own_temporary_folder(config, worker_id)


def own_temporary_folder(config: pytest.Config, worker_id: str) -> None:
    """Give a worker a base temporary folder of its own, inside the controller's where it is known."""
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        folder = factory.getbasetemp() / f"popen-{worker_id}"
        folder.mkdir(exist_ok=True)
        factory._basetemp = folder


def make_temporary_folder(config: pytest.Config) -> None:
    """Choose the base temporary folder now, so that all workers put theirs inside the same one."""
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is not None:
        factory.getbasetemp()


def safe_threads() -> int:
    """Threads of plugins that only wait for a connection: nothing is lost when a fork drops them."""
    import threading

    return sum(
        getattr(getattr(each, "_target", None), "__module__", "") == "pytest_rerunfailures"
        for each in threading.enumerate()
    )


def detach_finalizers() -> None:
    """Leave the exit functions registered before the fork to the controller: they are its own."""
    import atexit

    for finalizer in list(getattr(weakref.finalize, "_registry", ())):
        finalizer.atexit = False
    atexit._clear()
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]


def run_exit_functions() -> None:
    """Run what was registered since the fork, as the end of the interpreter would."""
    import atexit

    atexit._run_exitfuncs()


def is_set_up(session: pytest.Session) -> bool:
    """Whether any fixture may still be set up."""
    return bool(session._setupstate.stack)


def tear_down(session: pytest.Session) -> None:
    """Tear down every fixture that is still set up, as the end of the session would."""
    __tracebackhide__ = True
    session._setupstate.teardown_exact(None)


def end_session(item: pytest.Item) -> pytest.TestReport | None:
    """Tear down the session after its last item; the report if that failed, with what was written.

    Not by ``pytest_runtest_teardown``, whose hooks have seen this item's teardown already.
    """
    manager = item.config.pluginmanager.get_plugin("capturemanager")
    captured = manager.item_capture("teardown", item) if manager else contextlib.nullcontext()
    with captured:
        call = pytest.CallInfo.from_call(partial(tear_down, item.session), when="teardown")
    if call.excinfo is None:
        return None
    try:
        report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    except Exception:  # noqa: BLE001 - a plugin that looks at what pytest has taken from the item
        report = pytest.TestReport.from_item_and_call(item, call)
    return report


def renew(item: pytest.Item) -> None:
    """Make an item ready for another attempt: pytest keeps the object of a class that it made."""
    if "_instance" in vars(item):
        del item._instance  # type: ignore[attr-defined]
        item._obj = None  # type: ignore[attr-defined]
    reports.forget_failed_subtests(item.config, item.nodeid)


def run_unreported(item: pytest.Item, following: pytest.Item | None) -> list[pytest.TestReport]:
    """Run a test without telling anybody of its reports, as pytest-rerunfailures does.

    There is no public name for it.
    """
    from _pytest.runner import runtestprotocol

    return runtestprotocol(item, log=False, nextitem=following)


def grow_old() -> None:
    """Make every object count as old, so that the first collections do not walk them all.

    Everything collected so far is as good as immortal. Unlike a freeze that lasts, this hides
    nothing from ``gc.get_referrers``, which hypothesis relies on.
    """
    gc.freeze()
    gc.unfreeze()
