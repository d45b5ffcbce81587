"""What pytest captures: files of a worker's own, and each record of the captured log."""

import contextlib
import logging
from collections.abc import Callable, Generator
from typing import Any

import pytest
from _pytest.capture import MultiCapture

_inherited: list[object] = []
"""Keeps what a worker inherited alive: closing a capture object of the controller would warn."""


def restart(config: pytest.Config) -> tuple[int, ...]:
    """Give a forked worker capture files of its own; return the descriptors of out and err.

    Forked files share their offset with the controller's and the other workers' files.
    """
    manager = config.pluginmanager.get_plugin("capturemanager")
    if manager is None or manager._global_capturing is None:
        return ()
    from _pytest.capture import _get_multicapture

    _inherited.append(manager._global_capturing)
    fresh: MultiCapture[str] = _get_multicapture(manager._method)
    manager._global_capturing = fresh
    fresh.start_capturing()
    manager.suspend_global_capture(in_=False)
    descriptors = []
    for capture in (fresh.out, fresh.err):
        file: Any = getattr(capture, "tmpfile", None)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            descriptors.append(file.fileno())
    return tuple(descriptors)


@contextlib.contextmanager
def without_output(config: pytest.Config) -> Generator[None]:
    """Let nothing that is printed meanwhile show up in the next test's captured output."""
    manager = config.pluginmanager.get_plugin("capturemanager")
    if manager is None or manager._global_capturing is None:
        yield
        return
    manager.resume_global_capture()
    try:
        yield
    finally:
        manager.suspend_global_capture(in_=False)
        manager.read_global_capture()


def listen_to_captured_logs(
    config: pytest.Config,
    entered: Callable[[str, str], None],
    emitted: Callable[[logging.LogRecord], None],
) -> None:
    """Tell which test and phase is about to log, and each record of pytest's captured log, as it comes.

    A handler of our own would be one that tests can see, and a wrapper around the phases a frame in
    tracebacks. A record whose arguments do not fit raises in the test before it gets here.
    """
    plugin: Any = config.pluginmanager.get_plugin("logging-plugin")
    if plugin is None:
        return
    runtest_for, emit = plugin._runtest_for, plugin.report_handler.emit

    def enter_and_run(item: pytest.Item, when: str) -> Any:
        entered(item.nodeid, when)
        return runtest_for(item, when)

    def emit_and_tell(record: logging.LogRecord) -> None:
        __tracebackhide__ = True  # where an argument raises that caplog did not look at
        emit(record)
        emitted(record)

    plugin._runtest_for, plugin.report_handler.emit = enter_and_run, emit_and_tell
