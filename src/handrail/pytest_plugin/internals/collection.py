"""pytest's collection: walk to the files and no further, and see who must see every item."""

import contextlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
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


def files_below(session: pytest.Session, report: pytest.CollectReport) -> list[Any]:
    """Every file that this report of the session leads to; all conftests are loaded then."""
    return [file for node in report.result for file in expand(session, node)]


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
