"""Which test modules a change of some files affects: a graph of imports, read from the sources.

On the safe side: what is not understood affects, or is affected by, everything. An import is taken to
mean every file that it could mean, wherever the roots of imports are.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property

from handrail.frozen import dataclass

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
_IMPORTING = frozenset(
    {"__import__", "find_spec", "import_module", "importorskip", "resolve_name", "run_module"}
)
"""Functions that are given the name of a module."""
_LOADING = frozenset({"SourceFileLoader", "run_path", "spec_from_file_location"})
"""Functions that are given a file with code."""
_INIT, _CONFTEST = "__init__.py", "conftest.py"


@dataclass(frozen=True, slots=True)
class Imports:
    """What one file may import."""

    names: frozenset[str] = frozenset()
    """As in the source: ``a.b``, ``.sibling``, ``a.*``; and files that it names: ``tools/make.py``."""
    is_open: bool = False
    """Whether it may import anything: it works out names as it runs, or cannot be read."""


def read_imports(source: str) -> Imports:
    """What a file with this text may import."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Imports(is_open=True)
    names: set[str] = set()
    is_open = False
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                names.update(alias.name for alias in node.names)
            case ast.ImportFrom():
                base = "." * node.level + (node.module or "")
                names.add(base)
                names.update(_joined(base, alias.name) for alias in node.names)
            case ast.Call():
                found = _called(node)
                is_open = is_open or found is None
                names |= found or frozenset()
            case ast.Assign(targets=[ast.Name(id="pytest_plugins")]):
                names |= _texts(node.value)
            case ast.Constant(value=str(text)) if "." in text and len(text) < 200:
                names |= {text} if text.endswith(".py") or _DOTTED.match(text) else set()
    return Imports(frozenset(names), is_open)


def _joined(base: str, name: str) -> str:
    return base + name if base.endswith(".") else f"{base}.{name}"


def _called(call: ast.Call) -> frozenset[str] | None:
    """Modules that a call imports, mostly none; None if only running it could tell."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in _IMPORTING | _LOADING:
        return frozenset()
    texts = [each.value for each in call.args if isinstance(each, ast.Constant)]
    text = texts[0] if len(texts) == len(call.args) and texts else None
    is_relative = isinstance(text, str) and text.startswith(".")
    if name in _LOADING or not isinstance(text, str) or is_relative:
        return None
    return frozenset({text})


def _texts(node: ast.AST) -> frozenset[str]:
    return frozenset(
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


@dataclass(frozen=True)
class Graph:
    """The files of a project and what they import. Paths are relative to its folder, with ``/``."""

    files: Mapping[str, Imports]

    @cached_property
    def imported_by(self) -> Mapping[str, frozenset[str]]:
        """The files that import each file, directly; open ones are not among them."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            for each in self._meant_by(path):
                found.setdefault(each, set()).add(path)
        return {path: frozenset(each) for path, each in found.items()}

    def _meant_by(self, path: str) -> Iterator[str]:
        yield from self._above(path, _INIT)
        for name in self.files[path].names:
            if name.endswith(".py"):
                yield from self._by_end.get(name.rpartition("/")[2], ())
            elif name.startswith("."):
                yield from self._relative(path, name)
            else:
                yield from self._absolute(name)

    def _above(self, path: str, name: str) -> Iterator[str]:
        """Files of that name in the folder of ``path`` and those around it."""
        parts = path.split("/")[:-1]
        for length in range(len(parts) + 1):
            each = "/".join([*parts[:length], name])
            if each in self.files and each != path:
                yield each

    def _relative(self, path: str, name: str) -> Iterator[str]:
        rest = name.lstrip(".")
        folder = path.split("/")[:-1]
        up = len(name) - len(rest) - 1
        if up > len(folder):
            return
        at = folder[: len(folder) - up]
        yield from self._module(at)
        for part in filter(None, rest.split(".")):
            if part == "*":
                yield from self._below.get("/".join(at), ())
            at = [*at, part]
            yield from self._module(at)

    def _module(self, parts: list[str]) -> Iterator[str]:
        for each in ("/".join([*parts, _INIT]), "/".join(parts) + ".py"):
            if each in self.files:
                yield each

    def _absolute(self, name: str) -> Iterator[str]:
        names, ends = self._by_name
        parts = name.split(".")
        is_known = False
        for length in range(1, len(parts) + 1):
            if parts[length - 1] == "*":
                for package in names.get(".".join(parts[: length - 1]), ()):
                    yield from self._below.get(package.rpartition("/")[0], ())
                break
            found = names.get(".".join(parts[:length]), ())
            is_known = is_known or bool(found)
            yield from found
        if not is_known and parts[0] not in sys.stdlib_module_names:
            # Some folder inside a package may be where imports begin.
            for length in range(1, len(parts) + 1):
                yield from ends.get(".".join(parts[:length]), ())

    def needs(self, paths: Iterable[str]) -> frozenset[str]:
        """Every file that one of these imports, at any remove, and they themselves."""
        found = set(paths) & self.files.keys()
        todo = list(found)
        while todo:
            for each in self._direct(todo.pop()):
                if each not in found:
                    found.add(each)
                    todo.append(each)
        return frozenset(found)

    def _direct(self, path: str) -> frozenset[str]:
        if path not in self._imports:
            self._imports[path] = frozenset(self._meant_by(path))
        return self._imports[path]

    @cached_property
    def _imports(self) -> dict[str, frozenset[str]]:
        """By file, as far as anybody has asked."""
        return {}

    @cached_property
    def _by_name(self) -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
        """Files by the names they can be imported by: first the likely ones, then the others."""
        likely: dict[str, set[str]] = {}
        others: dict[str, set[str]] = {}
        for path in self.files:
            *folders, file = path.split("/")
            parts = folders if file == _INIT else [*folders, file.removesuffix(".py")]
            top = len(folders)  # where the outermost package around it begins
            while top and "/".join([*folders[:top], _INIT]) in self.files:
                top -= 1
            for start in range(len(parts)):
                kind = likely if start <= top else others
                kind.setdefault(".".join(parts[start:]), set()).add(path)
        return likely, others

    @cached_property
    def _by_end(self) -> Mapping[str, set[str]]:
        """Files by the last part of their path."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            found.setdefault(path.rpartition("/")[2], set()).add(path)
        return found

    @cached_property
    def _below(self) -> Mapping[str, set[str]]:
        """Modules directly in each folder, packages among them."""
        found: dict[str, set[str]] = {}
        for path in self.files:
            folder, _, file = path.rpartition("/")
            if file == _INIT:
                folder = folder.rpartition("/")[0]
            found.setdefault(folder, set()).add(path)
        return found

    @cached_property
    def open_dependents(self) -> frozenset[str]:
        """Every file that any change may change the meaning of."""
        return self.dependents(*(path for path, each in self.files.items() if each.is_open))

    def dependents(self, *paths: str) -> frozenset[str]:
        """Every file that imports one of these, at any remove, and they themselves."""
        found: set[str] = set()
        waiting = list(paths)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.imported_by.get(each, ())
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Selection:
    """What to run."""

    modules: frozenset[str] = frozenset()
    is_everything: bool = False

    def __or__(self, other: "Selection") -> "Selection":
        if self.is_everything or other.is_everything:
            return EVERYTHING
        return Selection(self.modules | other.modules)


EVERYTHING = Selection(is_everything=True)


def affected(
    before: Graph, after: Graph, changed: AbstractSet[str], modules: AbstractSet[str]
) -> Selection:
    """What to run when these files have changed, appeared or vanished.

    ``modules``: the test modules that everything consists of. A file that is no Python, or that
    none of them is known to need, affects everything.
    """
    found = _hit(before.open_dependents | after.open_dependents, modules)
    for path in changed:
        hit = _hit(before.dependents(path) | after.dependents(path), modules)
        if not hit or not path.endswith(".py"):
            return EVERYTHING
        found |= hit
    return Selection(found)


def _hit(files: AbstractSet[str], modules: AbstractSet[str]) -> frozenset[str]:
    """The modules among ``files``, and those to which a conftest among them applies."""
    folders = tuple(
        path.removesuffix(_CONFTEST) for path in files if path.rpartition("/")[2] == _CONFTEST
    )
    return frozenset(each for each in modules if each in files or each.startswith(folders))


def narrowed(targets: Iterable[str], selection: Selection) -> tuple[str, ...]:
    """Of what a person named (paths and node ids; nothing: all), the part that is to run."""
    given = tuple(targets)
    if selection.is_everything:
        return given
    if not given:
        return tuple(sorted(selection.modules))
    found: dict[str, None] = {}
    for target in given:
        path = target.partition("::")[0]
        if path in selection.modules:
            found[target] = None
        else:
            folder = "" if path == "." else f"{path.rstrip('/')}/"
            found |= dict.fromkeys(
                each for each in sorted(selection.modules) if each.startswith(folder)
            )
    return tuple(found)
