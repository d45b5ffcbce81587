"""What a look at a process sees: everything that a test may leave behind, and nothing that it has not."""

import locale
import logging
import os
import random
import signal
import sys
import threading
import types
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from handrail.execution.process_state import Looker
from handrail.model.leftovers import Area


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[types.ModuleType]:
    """A module of the project."""
    module = types.ModuleType("shop")
    module.__file__ = str(tmp_path / "shop.py")

    class Cart:
        total = 0

    Cart.__module__ = "shop"
    module.ITEMS = []  # type: ignore[attr-defined]
    module.NUMBERS = {1, 2, 3}  # type: ignore[attr-defined]
    module.NOT_A_NUMBER = float("nan")  # type: ignore[attr-defined]
    module.Cart = Cart  # type: ignore[attr-defined]
    module.cart = Cart()  # type: ignore[attr-defined]
    sys.modules["shop"] = module
    yield module
    del sys.modules["shop"]


def texts(root: Path, act: Callable[[], Any], *, is_thorough: bool = False) -> list[str]:
    looker = Looker(str(root), is_thorough=is_thorough)
    looker.look()
    before = looker.look()
    act()
    return [each.text for each in looker.left_between(before, looker.look())]


@pytest.mark.parametrize("is_thorough", [False, True])
def test_nothing_done_leaves_nothing_behind(
    tmp_path: Path, shop: types.ModuleType, is_thorough: bool
) -> None:
    assert texts(tmp_path, lambda: None, is_thorough=is_thorough) == []


CASES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a list": (
        lambda shop: shop.ITEMS.append("tea"),
        "module global shop.ITEMS: [] -> ['tea']",
    ),
    "a set": (lambda shop: shop.NUMBERS.add(4), "module global shop.NUMBERS: {1, 2, 3} -> {1, 2, 3, 4}"),
    "a new global": (lambda shop: setattr(shop, "new", 1), "module global shop.new: 1"),
    "one that is gone": (lambda shop: delattr(shop, "ITEMS"), "module global shop.ITEMS: [] -> gone"),
    "a class": (lambda shop: setattr(shop.Cart, "total", 7), "module global shop.Cart.total: 0 -> 7"),
    "an instance": (
        lambda shop: setattr(shop.cart, "total", 7),
        "module global shop.cart: <Cart> was changed inside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_changed_in_the_project_is_named(
    tmp_path: Path, shop: types.ModuleType, case: str
) -> None:
    act, said = CASES[case]

    assert said in texts(tmp_path, lambda: act(shop))


@contextmanager
def _environment() -> Generator[None]:
    os.environ["SHOP_TOKEN"] = "hunter2"
    yield
    del os.environ["SHOP_TOKEN"]


@contextmanager
def _folder() -> Generator[None]:
    before = os.getcwd()
    os.chdir("/")
    yield
    os.chdir(before)


@contextmanager
def _descriptor() -> Generator[None]:
    with open("/dev/zero", "rb"):
        yield


@contextmanager
def _thread() -> Generator[None]:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="left over")
    thread.start()
    yield
    done.set()
    thread.join()


@contextmanager
def _logging() -> Generator[None]:
    logger = logging.getLogger("shop")
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(logging.NOTSET)


@contextmanager
def _signal() -> Generator[None]:
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGUSR2, before)


@contextmanager
def _path() -> Generator[None]:
    sys.path.insert(0, "/nowhere")
    yield
    sys.path.remove("/nowhere")


@contextmanager
def _locale() -> Generator[None]:
    before = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "C.UTF-8" if before == "C" else "C")
    yield
    locale.setlocale(locale.LC_ALL, before)


@contextmanager
def _patch() -> Generator[None]:
    before = os.path.basename
    os.path.basename = lambda path: path  # type: ignore[assignment]
    yield
    os.path.basename = before


AREAS = {
    Area.ENVIRONMENT: (_environment, "environment variable SHOP_TOKEN: set"),
    Area.FOLDER: (_folder, "-> '/'"),
    Area.DESCRIPTOR: (_descriptor, "/dev/zero"),
    Area.THREAD: (_thread, "thread left over"),
    Area.LOGGING: (_logging, "logging shop, level: 'DEBUG'"),
    Area.SIGNAL: (_signal, "signal handler SIGUSR2"),
    Area.PATH: (_path, "'/nowhere'"),
    Area.LOCALE: (_locale, "locale locale.setlocale()"),
    Area.PATCH: (_patch, "path.basename: <original> -> "),
}


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.name.lower())
def test_every_area_is_looked_at(tmp_path: Path, area: Area) -> None:
    change, said = AREAS[area]
    undo = change()

    found = texts(tmp_path, undo.__enter__)
    undo.__exit__(None, None, None)

    assert any(said in each for each in found), found
    assert texts(tmp_path, lambda: None) == []


def test_a_module_that_is_replaced_is_named_and_one_that_is_imported_is_not(
    tmp_path: Path, shop: types.ModuleType
) -> None:
    other = types.ModuleType("shop")

    replaced = texts(tmp_path, lambda: sys.modules.update(shop=other))
    added = texts(tmp_path, lambda: sys.modules.update(new_here=other))
    del sys.modules["new_here"]

    assert "replaced module shop: changed" in replaced
    assert added == []


def test_what_hardly_matters_is_looked_at_on_request_only(tmp_path: Path) -> None:
    assert texts(tmp_path, random.random) == []
    assert texts(tmp_path, random.random, is_thorough=True) == ["random state random: changed"]


def test_the_value_of_a_variable_is_never_shown(tmp_path: Path) -> None:
    undo = _environment()

    found = texts(tmp_path, undo.__enter__)
    undo.__exit__(None, None, None)

    assert "hunter2" not in "".join(found)
