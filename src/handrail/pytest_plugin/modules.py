"""The modules of a worker: those that it collects, and those that others have collected."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

import pytest

from handrail.execution.worker_end import Tag
from handrail.pytest_plugin import problems
from handrail.pytest_plugin.internals import capture, collection, reports
from handrail.pytest_plugin.line import Line, Tell
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.work import MODULE_SHIFT, Work


class Modules:
    """Items by test, as modules are collected. A pytest plugin meanwhile."""

    def __init__(self, session: pytest.Session, work: Work, barrier: Barrier, line: Line) -> None:
        self.items: dict[int, pytest.Item] = dict(zip(work.indices, work.items, strict=True))
        self.limits_s: dict[int, float] = dict(zip(work.indices, work.limits_s, strict=True))
        self.has_all = bool(work.items)
        """Whether everything was collected before this process was forked."""
        self._session = session
        self._config = session.config
        self._hook = session.config.hook
        self._files = work.files
        self._barrier = barrier
        self._send = line.send
        self._slots, self._slot = line.slots, line.slot
        self._collected: set[int] = set()
        self._deselected = 0
        self._is_live = False
        self._warned: list[Any] | None = None
        """Warnings of the module being collected."""

    def go_live(self) -> None:
        """Registered: what the hooks bring from now on is this worker's own."""
        self._is_live = True

    def item_or_module(self, test: int) -> Any:
        """The item of a test, or the module that it is in, if that is not collected yet."""
        return self.items.get(test) or self._files[test >> MODULE_SHIFT][0]

    def collect(self, module: int) -> None:
        """Collect a module, once, and tell of its tests."""
        if module in self._collected:
            return
        self._collected.add(module)
        began = time.monotonic()
        self._slots.begin(self._slot, -1, began, self._barrier.collect_limit_s)
        self._warned = []
        with collection.warnings_of_collection(self._config):
            items = [item for node in self._files[module] for item in self._session.genitems(node)]
        warned, self._warned = self._warned, None
        self._slots.end(self._slot)
        self._deselected = 0
        self._barrier.forget()
        self._session.items = items
        self._hook.pytest_collection_modifyitems(
            session=self._session, config=self._config, items=items
        )
        traits = [self._barrier.traits(item) for item in items]
        for place, item in enumerate(items):
            index = (module << MODULE_SHIFT) | place
            self.items[index] = item
            self.limits_s[index] = traits[place].limit_s
        self._send(
            Tag.COLLECTED,
            module,
            time.monotonic() - began,
            [each.pack() for each in traits],
            self._deselected,
            self._barrier.withheld(),
            warned,
        )

    def import_the_rest(self) -> None:
        """Import the modules that other workers have collected, as plain pytest would have by now.

        A test may depend on what another test module imports or registers.
        """
        if self._config.option.continue_on_collection_errors:
            return  # a module that ends the process that imports it would end every worker
        began = time.monotonic()
        self._slots.begin(self._slot, -1, began, self._barrier.collect_limit_s)
        self._warned = []  # who collected them has told
        with collection.warnings_of_collection(self._config), capture.without_output(self._config):
            for module, nodes in enumerate(self._files):
                if module not in self._collected:
                    collection.import_modules(nodes)
        self._warned = None
        self._slots.end(self._slot)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count what ``-k``, ``-m`` and plugins leave out; the barrier counts its own."""
        self._deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Pass on modules that were skipped or could not be collected."""
        if report.outcome != "passed":
            data = reports.pack(self._config, report)
            self._send(
                Tell.COLLECT_REPORT, data, problems.from_report(report, self._config.rootpath)
            )

    def pytest_warning_recorded(
        self,
        warning_message: Any,
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        """Pass warnings on; a category that cannot be carried is sent by its name."""
        if not self._is_live:
            return  # registering repeats those of the controller
        text, category = str(warning_message.message), type(warning_message.message)
        place = (warning_message.filename, warning_message.lineno)
        told = (text, category.__module__, category.__qualname__, place, when, nodeid, location)
        if self._warned is not None:
            self._warned.append(told)
            return
        with contextlib.suppress(Exception):
            self._send(Tell.WARNING, *told)
