"""A look at what of this process a test may change and leave so. Changes nothing by looking."""

import gc
import logging
import os
import random
import signal
import sys
import threading
import types
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from handrail.core.leaks import Key, leftovers
from handrail.model.leftovers import Area, Leftover

_SIMPLE = frozenset({int, float, complex, str, bytes, bool, type(None), type(...)})
_SEQUENCES: Mapping[type, str] = {
    list: "list", tuple: "tuple", set: "set", frozenset: "frozenset", deque: "deque",
}  # fmt: skip
MOST_ITEMS = 200
"""Of a container; of a longer one only so many are looked at, and its length."""
DEPTH = 3
_OURS = frozenset(
    {
        "__main__",
        "hypothesis",
        "pytest",
        "_pytest",
        "pluggy",
        "handrail",
        "xdist",
        "warnings",
        "linecache",
    }
)
_VOLATILE = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_VERSION"})


_USUAL = frozenset(
    {
        "builtins",
        "datetime",
        "io",
        "json",
        "logging",
        "os",
        "os.path",
        "pathlib",
        "random",
        "shutil",
    }
    | {"signal", "socket", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request"}
)
"""Modules of Python's own whose functions tests replace."""
_MODULES: Key = (Area.MODULE, "")
"""Names and identities of all modules, in one."""
_Module = tuple[str, types.ModuleType]


class Looker:
    """Takes looks. ``root``: modules below it are the project's, and looked into.

    ``is_thorough``: every module that is not of Python's own is looked into, and what changes without
    harm mostly (random state, imports, caches) is looked at as well.
    """

    def __init__(self, root: str, *, is_thorough: bool = False) -> None:
        self._root = os.path.join(os.path.realpath(root), "")
        self._is_thorough = is_thorough
        self._inner: dict[str, bool] = {}
        """Whether a module is looked into."""
        self._seen: tuple[int, ...] = ()
        self._inside: list[_Module] = []
        self._outside: list[_Module] = []

    def look(self) -> dict[Key, Any]:
        """Prints of everything, now."""
        found: dict[Key, Any] = {}
        identities = tuple(map(id, sys.modules.values()))
        if identities != self._seen:
            self._seen = identities
            self._inside, self._outside = self._chosen()
        for name, module in self._inside:
            found.update(_globals(name, module, is_thorough=self._is_thorough))
        for name, module in self._outside:
            found.update(_offers(name, module, is_thorough=self._is_thorough))
        found[_MODULES] = tuple(sys.modules), identities
        found.update(self._process())
        return found

    def _chosen(self) -> tuple[list[_Module], list[_Module]]:
        """Modules to look into, and others whose functions and classes somebody may replace."""
        inside: list[_Module] = []
        outside: dict[str, types.ModuleType] = {}
        modules: list[tuple[str, object]] = list(sys.modules.items())
        for name, module in modules:
            if not isinstance(module, types.ModuleType) or name.partition(".")[0] in _OURS:
                continue  # ours change all the time, and harm nobody
            if self._is_inner(name, module):
                inside.append((name, module))
            elif self._is_thorough or name in _USUAL:
                outside[name] = module
        if not self._is_thorough:
            own = dict(inside)
            outside.update({n: m for n, m in _used_by(own.values()) if n not in own})
        return inside, list(outside.items())

    def left_between(
        self, before: Mapping[Key, Any], after: Mapping[Key, Any]
    ) -> tuple[Leftover, ...]:
        """What was left behind between two looks: the project's own first, what hardly matters last."""
        found = leftovers(*self.differing(before, after))
        return tuple(sorted(found, key=self._weight))

    def _weight(self, leftover: Leftover) -> int:
        if leftover.area in {Area.RANDOM, Area.IMPORT}:
            return 2
        if leftover.area is not Area.GLOBAL:
            return 0
        path = next(
            (
                str(getattr(module, "__file__", ""))
                for name, module in list(sys.modules.items())
                if leftover.name.startswith(f"{name}.") and self._inner.get(name)
            ),
            "",
        )
        return 0 if self._is_own(path) else 1

    def _is_own(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._root) and "site-packages" not in path

    def differing(
        self, before: Mapping[Key, Any], after: Mapping[Key, Any]
    ) -> tuple[dict[Key, Any], dict[Key, Any]]:
        """Two looks without what is no leftover: what came with modules that were imported since."""
        was, now_is = (dict(zip(*each[_MODULES], strict=True)) for each in (before, after))
        new, gone = now_is.keys() - was.keys(), was.keys() - now_is.keys()
        one, other = dict(before), dict(after)
        for key in list(other):
            if key[0] in {Area.GLOBAL, Area.PATCH} and _module_of(key) in new:
                del other[key]
        for key in list(one):
            if key[0] in {Area.GLOBAL, Area.PATCH} and _module_of(key) in gone:
                del one[key]
        one, other = _with_patches(one, other)
        for name, identity in was.items():
            if name.partition(".")[0] not in _OURS and now_is.get(name) != identity:
                one[Area.MODULE, name] = identity
                if name in now_is:
                    other[Area.MODULE, name] = now_is[name]
        if self._is_thorough:
            other.update({(Area.IMPORT, name): True for name in sorted(new)})
        return one, other

    def _is_inner(self, name: str, module: types.ModuleType) -> bool:
        if name not in self._inner:
            path = getattr(module, "__file__", None)
            is_file = isinstance(path, str)
            if self._is_thorough:
                is_inner = is_file and name.partition(".")[0] not in sys.stdlib_module_names
            else:
                is_inner = is_file and self._is_own(str(path))
            self._inner[name] = is_inner
        return self._inner[name]

    def _process(self) -> Iterator[tuple[Key, Any]]:
        for name, value in os.environ.items():
            if name not in _VOLATILE:
                yield (Area.ENVIRONMENT, name), value
        with suppress(OSError):
            yield (Area.FOLDER, "os.getcwd()"), os.getcwd()
        yield from _descriptors()
        for thread in threading.enumerate():
            yield (Area.THREAD, thread.name), ("thread", thread.ident)
        yield from _logging()
        yield (Area.PATH, "sys.path"), fingerprint(sys.path, 1)
        for number in _SIGNALS:
            handler = signal.getsignal(number)
            yield (Area.SIGNAL, number.name), fingerprint(handler, 0)
        yield from _settings()
        if self._is_thorough:
            yield (Area.WARNINGS, "warnings.filters"), fingerprint(list(warnings.filters), 2)
            yield (Area.RANDOM, "random"), hash(random.getstate())


_SIGNALS = tuple(
    each for each in signal.Signals if each not in {signal.SIGKILL, signal.SIGSTOP, signal.SIGALRM}
)


def _used_by(modules: Iterable[types.ModuleType]) -> Iterator[_Module]:
    """Modules that these import, or import something from."""
    for module in modules:
        for value in list(vars(module).values()):
            is_module = type(value) is types.ModuleType
            name: object = getattr(value, "__name__" if is_module else "__module__", None)
            found: object = sys.modules.get(name) if isinstance(name, str) else None
            if isinstance(found, types.ModuleType) and str(name).partition(".")[0] not in _OURS:
                yield str(name), found


def _with_patches(
    before: Mapping[Key, Any], after: Mapping[Key, Any]
) -> tuple[dict[Key, Any], dict[Key, Any]]:
    """The looks with single attributes in place of lists of identities."""
    one = {key: value for key, value in before.items() if not _is_list(key)}
    other = {key: value for key, value in after.items() if not _is_list(key)}
    for key, now in after.items():
        earlier = before.get(key)
        if _is_list(key) and key != _MODULES and earlier is not None and earlier != now:
            for patched, title in _patched(key, earlier, now):
                one[patched], other[patched] = ("original",), title
    return one, other


def _is_list(key: Key) -> bool:
    return key == _MODULES or (key[0] is Area.PATCH and key[1][-1] in ":.")


def _module_of(key: Key) -> str:
    return key[1].partition(":")[0] if key[0] is not Area.MODULE else key[1]


def _globals(
    name: str, module: types.ModuleType, *, is_thorough: bool
) -> Iterator[tuple[Key, Any]]:
    for attribute, value in list(vars(module).items()):
        if attribute.startswith(("__", "@")) or type(value) is types.ModuleType:
            continue
        if type(value) is types.FunctionType:  # most of what a test module has
            yield (Area.GLOBAL, f"{name}:{attribute}"), (value.__qualname__, id(value))
            continue
        yield (Area.GLOBAL, f"{name}:{attribute}"), fingerprint(value, DEPTH)
        if isinstance(value, type) and value.__module__ == name:
            for inner, each in list(vars(value).items()):
                if not inner.startswith("__") and not inner.startswith("_abc_"):
                    yield (Area.GLOBAL, f"{name}:{attribute}.{inner}"), fingerprint(each, DEPTH)
        elif is_thorough and hasattr(value, "cache_info") and hasattr(value, "cache_clear"):
            with suppress(Exception):
                yield (Area.GLOBAL, f"{name}:{attribute} (cache)"), value.cache_info().currsize


def _offers(name: str, module: types.ModuleType, *, is_thorough: bool) -> Iterator[tuple[Key, Any]]:
    """What a foreign module offers: names and identities; of its classes too, if that was asked for."""
    content = vars(module)
    yield (Area.PATCH, f"{name}:"), (tuple(content), tuple(map(id, content.values())))
    if is_thorough:
        for attribute, value in list(content.items()):
            if isinstance(value, type) and value.__module__ == name:
                inner = vars(value)
                yield (
                    (Area.PATCH, f"{name}:{attribute}."),
                    (tuple(inner), tuple(map(id, inner.values()))),
                )


def _patched(key: Key, before: Any, after: Any) -> Iterator[tuple[Key, Any]]:
    """Functions and classes that were there before and are others now."""
    module, _, prefix = key[1].partition(":")
    owner: Any = sys.modules.get(module)
    if prefix:
        owner = getattr(owner, prefix[:-1], None)
    earlier = dict(zip(*before, strict=True))
    for name, identity in zip(*after, strict=True):
        if earlier.get(name, identity) == identity or name.startswith("__"):
            continue
        value = vars(owner).get(name) if owner is not None else None
        if callable(value) or isinstance(value, (property, classmethod, staticmethod)):
            yield (Area.PATCH, f"{key[1]}{name}"), (_title(value),)


def _title(value: Any) -> str:
    name = getattr(value, "__qualname__", "")
    module = getattr(value, "__module__", "")
    if isinstance(name, str) and name and isinstance(module, str):
        return f"{name} of {module}"
    return type(value).__name__


def _descriptors() -> Iterator[tuple[Key, Any]]:
    with suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            with suppress(OSError):  # the one that was opened for the listing is gone
                target = os.readlink(f"/proc/self/fd/{name}")
                yield (Area.DESCRIPTOR, name), (target,)


def _logging() -> Iterator[tuple[Key, Any]]:
    yield (Area.LOGGING, "logging.disable"), logging.root.manager.disable
    loggers: list[tuple[str, Any]] = [("root", logging.root)]
    loggers += list(logging.root.manager.loggerDict.items())
    for name, logger in loggers:
        if not isinstance(logger, logging.Logger):
            continue
        handlers = tuple(
            type(each).__name__
            for each in logger.handlers
            if type(each).__module__.partition(".")[0] not in _OURS
        )
        state = logger.level, logger.disabled, logger.propagate
        if name == "root" or handlers or state != _PLAIN_LOGGER:
            yield (Area.LOGGING, f"{name}, level"), logging.getLevelName(logger.level)
            yield (Area.LOGGING, f"{name}, disabled"), bool(logger.disabled)
            yield (Area.LOGGING, f"{name}, propagate"), bool(logger.propagate)
            yield (Area.LOGGING, f"{name}, handlers"), fingerprint(handlers, 1)


_PLAIN_LOGGER = (logging.NOTSET, False, True)


def _settings() -> Iterator[tuple[Key, Any]]:
    import locale

    with suppress(locale.Error):
        yield (Area.LOCALE, "locale.setlocale()"), locale.setlocale(locale.LC_ALL)
    yield (Area.PYTHON, "sys.argv"), fingerprint(sys.argv, 1)
    yield (Area.PYTHON, "sys.excepthook"), (_title(sys.excepthook),)
    yield (Area.PYTHON, "sys.getrecursionlimit()"), sys.getrecursionlimit()
    yield (Area.PYTHON, "gc.isenabled()"), gc.isenabled()
    if "socket" in sys.modules:
        yield (Area.PYTHON, "socket.getdefaulttimeout()"), sys.modules["socket"].getdefaulttimeout()
    if "decimal" in sys.modules:
        context = sys.modules["decimal"].getcontext()
        yield (Area.PYTHON, "decimal.getcontext().prec"), context.prec
        yield (Area.PYTHON, "decimal.getcontext().rounding"), context.rounding


def fingerprint(value: Any, depth: int) -> Any:
    """A print of a value, looked into for so many levels. Calls no code of the value's own class."""
    kind = type(value)
    if kind in _SIMPLE:
        return value if value == value else ("nan",)  # nan is not equal to itself
    if kind is dict:
        return _mapping(value, depth)
    if kind in _SEQUENCES:
        if not depth:
            return (_SEQUENCES[kind], len(value), ())
        return (_SEQUENCES[kind], len(value), _items(value, depth))
    if isinstance(value, dict):
        return (kind.__name__, id(value), _mapping(value, depth))
    if isinstance(value, (list, set, deque)):
        return (kind.__name__, id(value), _items(value, depth) if depth else len(value))
    if kind in _OPAQUE or isinstance(value, (type, types.ModuleType)):
        return (_title(value), id(value))
    inner = None
    with suppress(Exception):
        inner = object.__getattribute__(value, "__dict__")
    if depth and type(inner) is dict and inner:
        return (kind.__name__, id(value), _mapping(inner, depth - 1))
    return (kind.__name__, id(value))


_OPAQUE = frozenset(
    {types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.CodeType}
)


def _items(values: Iterable[Any], depth: int) -> tuple[Any, ...]:
    found = []
    for place, each in enumerate(list(values)):
        if place == MOST_ITEMS:
            break
        found.append(fingerprint(each, depth - 1))
    # Of the same elements a set may have another order.
    return tuple(sorted(found, key=repr)) if isinstance(values, (set, frozenset)) else tuple(found)


def _mapping(values: Mapping[Any, Any], depth: int) -> tuple[Any, ...]:
    if not depth:
        return ("dict", len(values), ())
    found = []
    for place, (key, each) in enumerate(list(values.items())):
        if place == MOST_ITEMS:
            break
        found.append((fingerprint(key, 0), fingerprint(each, depth - 1)))
    return ("dict", len(values), tuple(found))
