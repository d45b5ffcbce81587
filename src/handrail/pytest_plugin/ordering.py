"""A random order inside pytest: the seed in the header, the tests in the order that it names.

Where another plugin shuffles the tests, that one is used; asking for both is an error.
"""

from random import Random

import pytest

from handrail.core.ordering import (
    RANDOM,
    SEED_BITS,
    Place,
    is_order,
    seed_of,
    shuffled,
)
from handrail.errors import UserError
from handrail.pytest_plugin.internals.fixtures import wide_parameters


class OrderTakenError(UserError):
    """A random order was asked for, and another plugin shuffles the tests already."""

    reference = "order-taken"

    def __init__(self, plugin: str, switch: str) -> None:
        super().__init__(
            f"{plugin} shuffles the tests already",
            where="its order is used; a second one would undo it",
            hint=f"leave out --order, or switch it off: {switch}",
        )


class Ordering:
    """A pytest plugin. ``is_here``: the tests run in this process, in the order of its list."""

    def __init__(self, seed: int, *, is_here: bool) -> None:
        self._seed = seed
        self._is_here = is_here

    def pytest_report_header(self) -> str:
        """The seed, and how to have the same order again."""
        return f"order: {RANDOM}:{self._seed}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """After everybody else has said what is run at all."""
        if self._is_here:
            places = [Place(item.nodeid, wide_parameters(item)) for item in items]
            items[:] = [items[position] for position in shuffled(places, self._seed)]


def register_order(config: pytest.Config, seed: int | None, *, is_here: bool) -> None:
    """Have the tests in the order of this seed; None: in the usual one. Raises: OrderTakenError."""
    if seed is not None:
        _check_others(config)
        config.pluginmanager.register(Ordering(seed, is_here=is_here), "handrail-order")


def register_asked(config: pytest.Config) -> None:
    """Obey ``--handrail-order`` of plain pytest. Raises: UsageError."""
    asked: str = config.getoption("handrail_order")
    if not is_order(asked):
        raise pytest.UsageError(f"--handrail-order: {asked!r} is neither random nor random:SEED")
    given = seed_of(asked)
    seed = Random().getrandbits(SEED_BITS) if given is None else given
    config.option.handrail_order = f"{RANDOM}:{seed}"  # workers of xdist are given the same
    try:
        register_order(config, seed, is_here=True)
    except UserError as error:
        raise pytest.UsageError(error.text()) from None


def _check_others(config: pytest.Config) -> None:
    plugins = config.pluginmanager
    if plugins.hasplugin("randomly") and config.getoption("randomly_reorganize", default=True):
        raise OrderTakenError("pytest-randomly", "-p no:randomly")
    # Its options tell by their values whether somebody set them.
    asked = [config.getoption(f"random_order_{each}", "default:") for each in ("bucket", "seed")]
    if plugins.hasplugin("random_order") and (
        config.getoption("random_order_enabled", default=False)
        or not all(str(each).startswith("default:") for each in asked)
    ):
        raise OrderTakenError("pytest-random-order", "-p no:random_order")
