"""Everything that touches pytest's private names, in one place, each with the reason.

What is here has no public equivalent in pytest 8.4 to 9.2. The conformance tests run against every
supported version, so a change there shows up here and nowhere else.
"""

import contextlib
import gc
import logging
import os
import unittest
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest._code.code import TerminalRepr
from _pytest.capture import MultiCapture
from _pytest.mark.expression import Expression
from _pytest.nodes import Directory
from _pytest.outcomes import OutcomeException

MODIFY_IS_PER_ITEM = (
    "_pytest.",
    "handrail.",
    "_hypothesis_pytestplugin",
    "anyio.",
    "pytest_asyncio.",
    "pytest_cov.",
    "pytest_mock",
    "pytest_rerunfailures",
    "pytest_timeout",
    "xdist.",
)
"""Modules whose ``pytest_collection_modifyitems`` looks at one item at a time (source read), so that
it gives the same answer whether it sees a module's items or all of them."""

_GLOBAL_HOOKS = (
    "pytest_collection_modifyitems",
    "pytest_collection_finish",
    "pytest_report_collectionfinish",
    "pytest_itemcollected",
    "pytest_deselected",
    "pytest_collectreport",
)


def hooks_that_need_every_item(config: pytest.Config) -> list[str]:
    """Plugins and conftests that want to see the whole collection in one process."""
    found = []
    for name in _GLOBAL_HOOKS:
        for implementation in getattr(config.pluginmanager.hook, name).get_hookimpls():
            module = implementation.function.__module__ or ""
            if not f"{module}.".startswith(MODIFY_IS_PER_ITEM):
                found.append(f"{name} of {module}")
    return found


def check_expressions(config: pytest.Config) -> None:
    """Refuse what ``-k`` or ``-m`` cannot mean before workers are asked, each of which would.

    Raises: pytest.UsageError, as pytest would later.
    """
    from _pytest.mark import _parse_expression

    for name, value in (("-k", config.option.keyword), ("-m", config.option.markexpr)):
        if value.strip():
            _parse_expression(value.strip(), f"Wrong expression passed to '{name}'")


def hide_from_header(config: pytest.Config) -> None:
    """Leave no trace in pytest's header: an idle plugin must not change a byte of the output.

    pytest prints every distribution in pluggy's list; there is no way to stay off it.
    """
    listed = config.pluginmanager._plugin_distinfo
    listed[:] = [
        pair for pair in listed if getattr(pair[0], "__name__", "") != "handrail.pytest_plugin"
    ]


def expand(session: pytest.Session, node: Any) -> Iterator[Any]:
    """Walk directories down to files, without collecting (importing) any file.

    As ``Session.genitems`` does for directories; it has no switch to stop there.
    """
    if not isinstance(node, Directory):
        yield node
        return
    report, is_duplicate = session._collect_one_node(node)
    if report.passed:
        for child in report.result:
            yield from expand(session, child)
    if not is_duplicate:
        node.ihook.pytest_collectreport(report=report)


def needs_one_process(config: pytest.Config, paths: Iterable[Path]) -> bool:
    """Whether two modules would be imported under one name: an error that only one process sees."""
    if config.getoption("importmode") == "importlib":
        return False
    seen: set[str] = set()
    for path in paths:
        if path.stem in seen and not (path.parent / "__init__.py").is_file():
            return True
        seen.add(path.stem)
    return False


def has_coverage(config: pytest.Config) -> bool:
    """Whether pytest-cov measures in this process."""
    return _coverage(config) is not None


def files_below(session: pytest.Session, report: pytest.CollectReport) -> list[Any]:
    """Every file that this report of the session leads to; all conftests are loaded then."""
    return [file for node in report.result for file in expand(session, node)]


def stop_at_files(session: pytest.Session) -> None:
    """Let the session's collection end with nothing: its files are collected elsewhere."""
    session.genitems = lambda node: iter(())  # type: ignore[method-assign]  # noqa: ARG005


def go_below_files(session: pytest.Session) -> None:
    """Undo ``stop_at_files``."""
    vars(session).pop("genitems", None)


@contextlib.contextmanager
def warnings_of_collection(config: pytest.Config) -> Generator[None]:
    """Record warnings as pytest does around its own collection, which a worker is forked from."""
    from _pytest.warnings import catch_warnings_for_item

    with catch_warnings_for_item(config=config, ihook=config.hook, when="collect", item=None):
        yield


def import_modules(nodes: Iterable[Any]) -> None:
    """Import what these collectors would collect from, without collecting it."""
    for node in nodes:
        if isinstance(node, pytest.Module):
            # It skips itself, say, or asks for what this platform has not; whoever collected it has
            # reported that.
            with contextlib.suppress(Exception, OutcomeException):
                _ = node.obj


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


def add_to_collected_count(config: pytest.Config, count: int) -> None:
    """Let the terminal reporter say ``collected N items`` for items collected elsewhere."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter._numcollected += count


def only_pytest_listens(config: pytest.Config) -> bool:
    """Whether nobody but pytest's own reporter and cache would look at the report of a plain pass.

    Then the three reports and two other hook calls of each can be left out: they take longer than
    the test itself, and leave no trace but a dot in a log. ``--durations`` and JUnit need them.
    """
    for name in _COURSE_OF_A_TEST:
        for implementation in getattr(config.pluginmanager.hook, name).get_hookimpls():
            owner = getattr(implementation.plugin, "__module__", None) or getattr(
                implementation.plugin, "__name__", ""
            )
            if owner not in _LISTENERS_OF_FAILURES:
                return False
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter is not None and reporter.verbosity <= 0 and config.option.durations is None


_COURSE_OF_A_TEST = (
    "pytest_runtest_logstart",
    "pytest_runtest_logreport",
    "pytest_runtest_logfinish",
)
_LISTENERS_OF_FAILURES = frozenset(
    {
        "_pytest.cacheprovider",
        "_pytest.faulthandler",
        "_pytest.logging",
        "_pytest.main",
        "_pytest.terminal",
        "handrail.pytest_plugin.parallel",
        "handrail.pytest_plugin.single",
        "pytest_cov.plugin",
        "xdist.plugin",
    }
)


def count_pass(config: pytest.Config, report: pytest.TestReport) -> None:
    """Do for the report of a pass what pytest's reporter and cache do, without the dot."""
    plugins = config.pluginmanager
    reporter: Any = plugins.get_plugin("terminalreporter")
    reporter._tests_ran = True
    reporter.stats.setdefault("passed", []).append(report)
    cache = plugins.get_plugin("lfplugin")
    if cache is not None:
        cache.lastfailed.pop(report.nodeid, None)


def stand_in_for_reporter(
    config: pytest.Config, logreport: Callable[[pytest.TestReport], None]
) -> Any:
    """Hear of each report in place of pytest's reporter, which is returned, to be told of some.

    Exactly in its place: it decides that a test with failed subtests has failed, after the session
    has counted, and before the cache looks.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    for name in _COURSE_OF_A_TEST:
        for implementation in getattr(config.pluginmanager.hook, name).get_hookimpls():
            if implementation.plugin is reporter:
                is_report = name == "pytest_runtest_logreport"
                implementation.function = logreport if is_report else _ignore
    return reporter


def _ignore(*_: object) -> None: ...


def add_deselected(config: pytest.Config, count: int) -> None:
    """Let the terminal reporter say ``N deselected`` for items deselected elsewhere."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and count:
        reporter._add_stats("deselected", [SimpleNamespace() for _ in range(count)])


class Expressions:
    """pytest's own ``-m`` language, compiled once: there is no public way to evaluate it."""

    def __init__(self, selects: Mapping[str, str]) -> None:
        self._compiled = {
            name: Expression.compile(select) if select else None for name, select in selects.items()
        }
        self._asks_for_arguments = any("=" in select for select in selects.values())
        self._known: dict[frozenset[str], tuple[str, ...]] = {}

    def matching(self, marks: Sequence[pytest.Mark]) -> tuple[str, ...]:
        """Names of the expressions that select an item with these marks, in order."""
        if self._asks_for_arguments:
            return self._evaluate(marks)
        names = frozenset(mark.name for mark in marks)
        if names not in self._known:
            self._known[names] = self._evaluate(marks)
        return self._known[names]

    def _evaluate(self, marks: Sequence[pytest.Mark]) -> tuple[str, ...]:
        def has(name: str, /, **attributes: Any) -> bool:
            return any(
                mark.name == name
                and all(mark.kwargs.get(key) == value for key, value in attributes.items())
                for mark in marks
            )

        return tuple(
            name
            for name, compiled in self._compiled.items()
            if compiled is None or compiled.evaluate(has)
        )


_UNITTESTS_OWN = ("_unittest_setUpClass_fixture_", "_unittest_skip_fixture_")


def scopes_of_fixtures(item: pytest.Item) -> frozenset[str]:
    """Scopes of the fixtures that the item is known to use. There is no public way to ask.

    What pytest makes of a ``TestCase`` that has no ``setUpClass`` of its own is not counted.
    """
    found = getattr(item, "_fixtureinfo", None)
    if found is None:
        return frozenset()
    return frozenset(
        each.scope
        for name, definitions in found.name2fixturedefs.items()
        for each in definitions
        if not (name.startswith(_UNITTESTS_OWN) and _has_plain_class(item))
    )


def _has_plain_class(item: pytest.Item) -> bool:
    """Whether nothing happens before the first and after the last test of its ``TestCase``."""
    case = getattr(item, "cls", None)
    return all(
        getattr(getattr(case, name, None), "__func__", None)
        is getattr(unittest.TestCase, name).__func__
        for name in ("setUpClass", "tearDownClass")
    )


class SilentReporter:
    """Stands in for the terminal reporter of a worker: same attributes, no hooks, no output."""

    def __init__(self, reporter: Any, writer: Any) -> None:
        self._reporter = reporter
        reporter._tw = writer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("pytest_"):
            raise AttributeError(name)
        return getattr(self._reporter, name)


_inherited: list[object] = []
"""Keeps what a worker inherited alive: closing a capture object of the controller would warn."""


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
    silence_reporter(config)
    own_temporary_folder(config, worker_id)


def safe_threads() -> int:
    """Threads of plugins that only wait for a connection: nothing is lost when a fork drops them."""
    import threading

    return sum(
        getattr(getattr(each, "_target", None), "__module__", "") == "pytest_rerunfailures"
        for each in threading.enumerate()
    )


def silence_reporter(config: pytest.Config) -> None:
    """Keep the terminal reporter, whose attributes and verdicts plugins use, but not its output."""
    plugins = config.pluginmanager
    reporter = plugins.get_plugin("terminalreporter")
    if reporter is None:
        return
    from _pytest.config import create_terminal_writer

    plugins.unregister(reporter)
    sink = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    plugins.register(
        SilentReporter(reporter, create_terminal_writer(config, sink)), "terminalreporter"
    )


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


def restart_capture(config: pytest.Config) -> tuple[int, ...]:
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


def grow_old() -> None:
    """Make every object count as old, so that the first collections do not walk them all.

    Everything collected so far is as good as immortal. Unlike a freeze that lasts, this hides
    nothing from ``gc.get_referrers``, which hypothesis relies on.
    """
    gc.freeze()
    gc.unfreeze()


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


def save_coverage(config: pytest.Config) -> None:
    """Write what coverage measured in this worker where pytest-cov combines it at the end.

    pytest-cov's central mode keeps one running ``Coverage``; after a fork it writes to a data file
    of its own name, which ``combine`` of the controller picks up. Without this, all that forked
    workers ran is silently missing.
    """
    coverage = _coverage(config)
    if coverage is not None:
        coverage.stop()
        coverage.save()


def flush_coverage(config: pytest.Config) -> None:
    """Write what was measured so far, so that a worker killed later loses only what came after."""
    coverage = _coverage(config)
    if coverage is not None:
        coverage.save()


def _coverage(config: pytest.Config) -> Any:
    plugin = config.pluginmanager.get_plugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    return getattr(controller, "cov", None)


def end_session(session: pytest.Session) -> None:
    """Tear down every fixture that is still set up, as the end of the session would."""
    session._setupstate.teardown_exact(None)


class JunitOrder:
    """Puts the JUnit plugin's test cases into collection order: workers report as they finish.

    A case forgets its node id when it is finished, so the ids are noted when it begins.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._nodes: dict[int, str] = {}

    def _cases(self) -> list[Any]:
        from _pytest.junitxml import xml_key

        log = self._config.stash.get(xml_key, None)
        return log.node_reporters_ordered if log is not None else []

    def note(self, nodeid: str) -> None:
        """Reports of this node have just been passed on."""
        if cases := self._cases():
            for case in reversed(cases):
                if id(case) in self._nodes:
                    break
                self._nodes[id(case)] = nodeid

    def sort(self, nodeids: Iterable[str]) -> None:
        """Put the cases into this order; what is not in it (broken modules) comes first."""
        if cases := self._cases():
            order = {nodeid: place for place, nodeid in enumerate(nodeids)}
            cases.sort(key=lambda case: order.get(self._nodes.get(id(case), ""), -1))


def detach_junit(config: pytest.Config) -> None:
    """Let a worker's tests record XML attributes, but leave the reports to the controller."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is not None:
        config.pluginmanager.unregister(log)
        log.global_properties.clear()
        log.node_reporters.clear()
        log.node_reporters_ordered.clear()


def take_junit_attributes(config: pytest.Config) -> dict[str, str]:
    """XML attributes that the test just run recorded in this worker (``record_xml_attribute``)."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is None or not log.node_reporters_ordered:
        return {}
    found = {key: value for each in log.node_reporters_ordered for key, value in each.attrs.items()}
    log.node_reporters_ordered.clear()
    log.node_reporters.clear()
    return found


def take_junit_properties(config: pytest.Config) -> list[tuple[str, str]]:
    """What this worker recorded for the whole suite (``record_testsuite_property``)."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    return list(log.global_properties) if log is not None else []


def add_junit(
    config: pytest.Config,
    *,
    nodeid: str = "",
    attributes: Mapping[str, str] | None = None,
    properties: Sequence[tuple[str, str]] = (),
) -> None:
    """Add what workers recorded to the controller's JUnit log."""
    from _pytest.junitxml import xml_key

    log = config.stash.get(xml_key, None)
    if log is None:
        return
    log.global_properties.extend((name, value) for name, value in properties)
    for name, value in (attributes or {}).items():
        log.node_reporter(nodeid).add_attribute(name, value)


class TextRepr(TerminalRepr):
    """A failure that was an object without a crash line (a doctest, an import error) in its worker.

    Serialised it becomes a string, which pytest would repeat in its short summary.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, tw: Any) -> None:
        """As the object did."""
        tw.line(self._text)


TEXT_KEY = "_handrail_text"
SUBTESTS_KEY = "_handrail_failed_subtests"


def pack_report(config: pytest.Config, report: Any) -> dict[str, Any]:
    """A report as builtins."""
    data: dict[str, Any] = config.hook.pytest_report_to_serializable(config=config, report=report)
    longrepr = report.longrepr
    if isinstance(data.get("longrepr"), str) and not isinstance(longrepr, str):
        data[TEXT_KEY] = True
    counts = _failed_subtests(config)
    if counts is not None and getattr(report, "when", "") == "call":
        data[SUBTESTS_KEY] = counts.get(getattr(report, "id", report.nodeid), 0)
    return data


def unpack_report(config: pytest.Config, data: dict[str, Any]) -> Any:
    """The report again, as pytest would have had it in one process."""
    is_text = data.pop(TEXT_KEY, False)
    failed_subtests = data.pop(SUBTESTS_KEY, 0)
    context = data.get("_subtest.context")
    report: Any = config.hook.pytest_report_from_serializable(config=config, data=data)
    if is_text:
        report.longrepr = TextRepr(report.longrepr)
    counts = _failed_subtests(config)
    if counts is not None and failed_subtests:
        # What decides, when the test itself is reported, that it has failed.
        counts[getattr(report, "id", report.nodeid)] = failed_subtests
    if context is not None and hasattr(report, "context"):
        # Its constructor takes the ``repr`` of every value, which these are already.
        object.__setattr__(report.context, "kwargs", context["kwargs"])
    return report


def _failed_subtests(config: pytest.Config) -> Any:
    """Pytest 9's count of failed subtests by test; None before."""
    try:
        from _pytest.subtests import failed_subtests_key
    except ImportError:
        return None
    return config.stash.get(failed_subtests_key, None)
