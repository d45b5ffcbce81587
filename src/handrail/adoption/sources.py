"""What the source of a test module tells: markers, imports, what Handrail makes needless. No I/O."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum

from handrail.frozen import dataclass

_ADVISORY = re.compile(r"\bpg_(?:try_)?advisory_(?:xact_)?lock", re.IGNORECASE)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Leftover(StrEnum):
    """What of other ways to keep tests apart stands in a source."""

    ADVISORY_LOCK = "advisory lock"
    XDIST_GROUP = "xdist_group"
    SLEEP = "sleep in a fixture or a conftest"
    RERUNS = "flaky(reruns=...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One test module or conftest."""

    path: str
    markers: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    """Top-level packages."""
    leftovers: tuple[tuple[Leftover, int], ...] = ()
    """Each with its line."""


def understood(path: str, text: str) -> Source:
    """What it tells; nothing, if it is no Python that this Python reads."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Source(path=path)
    nodes = list(ast.walk(tree))
    marks = frozenset(name for node in nodes for name in _names_of_mark(node))
    is_conftest = path.rpartition("/")[2] == "conftest.py"
    return Source(
        path=path,
        markers=frozenset(name for node in nodes if (name := _marker(node, marks))),
        imports=frozenset(name for node in nodes for name in _imports(node)),
        leftovers=tuple(sorted(set(_leftovers(nodes, marks, is_conftest=is_conftest)), key=_line)),
    )


def _line(found: tuple[Leftover, int]) -> tuple[int, str]:
    return found[1], found[0].value


def _names_of_mark(node: ast.AST) -> Iterator[str]:
    """``mark``, where it is imported from pytest."""
    if isinstance(node, ast.ImportFrom) and node.module == "pytest" and not node.level:
        yield from (each.asname or each.name for each in node.names if each.name == "mark")


def _marker(node: ast.AST, marks: frozenset[str]) -> str:
    """The name in ``pytest.mark.NAME``, or behind one of ``marks``."""
    if not isinstance(node, ast.Attribute):
        return ""
    of = node.value
    is_mark = (isinstance(of, ast.Name) and of.id in marks) or (
        isinstance(of, ast.Attribute)
        and of.attr == "mark"
        and isinstance(of.value, ast.Name)
        and of.value.id == "pytest"
    )
    return node.attr if is_mark else ""


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name.partition(".")[0] for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module.partition(".")[0]


def _leftovers(
    nodes: list[ast.AST], marks: frozenset[str], *, is_conftest: bool
) -> Iterator[tuple[Leftover, int]]:
    for node in nodes:
        if isinstance(node, ast.Attribute) and _marker(node, marks) == "xdist_group":
            yield Leftover.XDIST_GROUP, node.lineno
        elif isinstance(node, ast.Call):
            is_flaky = _marker(node.func, marks) == "flaky"
            if is_flaky and any(each.arg == "reruns" for each in node.keywords):
                yield Leftover.RERUNS, node.lineno
        elif isinstance(node, _FUNCTIONS) and (is_conftest or _is_fixture(node)):
            yield from _in_function(node)


def _in_function(function: ast.AST) -> Iterator[tuple[Leftover, int]]:
    """A test may lock and sleep as it likes: what prepares tests need not."""
    for node in ast.walk(function):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _ADVISORY.search(node.value):
                yield Leftover.ADVISORY_LOCK, node.lineno
        elif isinstance(node, ast.Call) and _is_sleep(node.func):
            yield Leftover.SLEEP, node.lineno


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    named = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(
        (isinstance(each, ast.Attribute) and each.attr == "fixture")
        or (isinstance(each, ast.Name) and each.id == "fixture")
        for each in named
    )


def _is_sleep(called: ast.expr) -> bool:
    """``time.sleep``, or one of that name alone."""
    if isinstance(called, ast.Name):
        return called.id == "sleep"
    return (
        isinstance(called, ast.Attribute)
        and called.attr == "sleep"
        and isinstance(called.value, ast.Name)
        and called.value.id == "time"
    )
