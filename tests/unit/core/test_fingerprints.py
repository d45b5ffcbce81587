"""What a Python file means, block by block."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.fingerprints import MODULE, block_of, blocks_of

SOURCE = """
import os
RATE = 2

def taxed(price, rate=RATE):
    def inner():
        return price * rate
    return inner()

class Cart:
    size = 3
    def add(self, item):
        self.items.append(item)
    @property
    def total(self):
        return 0
    @total.setter
    def total(self, value):
        pass

if os.name == "posix":
    def here():
        return True
"""


def changed(new: str, old: str = SOURCE) -> set[str]:
    """The blocks that differ."""
    before, after = blocks_of(old), blocks_of(new)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def test_functions_methods_and_the_rest_are_blocks() -> None:
    assert set(blocks_of(SOURCE)) == {MODULE, "taxed", "Cart.add", "Cart.total", "here"}


@pytest.mark.parametrize(
    ("old", "new", "blocks"),
    [
        ("price * rate", "rate * price", {"taxed"}),
        ("append(item)", "insert(0, item)", {"Cart.add"}),
        ("        pass", "        self.x = value", {"Cart.total"}),
        ("return True", "return False", {"here"}),
        ("RATE = 2", "RATE = 3", {MODULE}),
        ("size = 3", "size = 4", {MODULE}),
        ("rate=RATE", "rate=1", {MODULE}),
        (
            "def here():\n        return True",
            "def there():\n        return True",
            {MODULE, "here", "there"},
        ),
        ("    @property\n", "    @staticmethod\n", {MODULE}),
        ("RATE = 2", "RATE  =  2  # a rate", set()),
        ("return inner()", "# soon\n\n    return (\n        inner()\n    )", set()),
    ],
)
def test_an_edit_changes_the_blocks_that_it_is_in(old: str, new: str, blocks: set[str]) -> None:
    assert old in SOURCE

    assert changed(SOURCE.replace(old, new)) == blocks


def test_code_belongs_to_the_outermost_function_or_the_module() -> None:
    blocks = blocks_of(SOURCE)

    assert block_of("taxed.<locals>.inner", blocks) == "taxed"
    assert block_of("Cart.add", blocks) == "Cart.add"
    assert block_of("Cart", blocks) == MODULE
    assert block_of("<lambda>", blocks) == MODULE
    assert block_of("<module>", blocks) == MODULE


def test_a_file_that_is_not_python_is_one_block() -> None:
    assert set(blocks_of("def (")) == {MODULE}
    assert blocks_of("def (") != blocks_of("def ((")


@given(st.integers(0, 400), st.sampled_from([" ", "x", "1", "\n", "#", "("]))
def test_an_edit_that_changes_what_the_file_means_changes_a_block(at: int, text: str) -> None:
    edited = SOURCE[:at] + text + SOURCE[at:]
    try:
        is_same = ast.dump(ast.parse(edited)) == ast.dump(ast.parse(SOURCE))
    except SyntaxError:
        is_same = False

    assert bool(changed(edited)) is not is_same
