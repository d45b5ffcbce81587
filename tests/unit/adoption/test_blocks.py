"""A block that was put in can be taken out again, byte for byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handrail.adoption.blocks import (
    HASH,
    HTML,
    SAYS,
    appended,
    fenced,
    inserted,
    removed,
    renewed,
)
from handrail.model.handbook import AGENTS_MD

BLOCK = fenced(["a = 1", "", "b = 2"], SAYS)
texts = st.lists(st.sampled_from(["x = 1", "", "# handrail", "\n", "\r\n", " ", "[tool]"])).map(
    "".join
)


@given(texts)
@example("")
@example("\n")
@example("\r\n")
@example("x\n\n")
@example("x\r\n\r\n")
def test_what_was_appended_leaves_no_trace(text: str) -> None:
    assert removed(appended(text, BLOCK), HASH) == text


def test_a_file_that_was_not_there_is_not_there_afterwards() -> None:
    assert removed(appended(None, BLOCK), HASH) is None


@given(st.lists(st.sampled_from(["x = 1", "[a]", "y"]), min_size=1), st.booleans(), st.data())
def test_what_was_inserted_leaves_no_trace(
    lines: list[str], ends: bool, data: st.DataObject
) -> None:
    text = "\n".join(lines) + ("\n" if ends else "")
    line = data.draw(st.integers(1, len(lines)))

    with_block = inserted(text, line, BLOCK)

    assert with_block.splitlines()[line : line + len(BLOCK)] == BLOCK
    assert removed(with_block, HASH) == text


def test_several_blocks_are_all_taken_out() -> None:
    text = appended(appended("x\n", BLOCK), BLOCK)

    assert removed(text, HASH) == "x\n"


def test_what_people_write_below_a_block_stays() -> None:
    text = appended("x\n", BLOCK) + "y\n"

    assert removed(text, HASH) == "x\ny\n"


def test_ends_of_lines_are_those_of_the_file() -> None:
    assert appended("x\r\n", ["a", "b"]) == "x\r\n\r\na\r\nb\r\n"


def test_a_block_of_markdown_is_renewed_in_its_place() -> None:
    old = "# Shop\r\n\r\n<!-- handrail:begin -->\r\nold\r\n<!-- handrail:end -->\r\nmore\r\n"

    new = renewed(old, HTML, AGENTS_MD.splitlines())

    assert new.replace("\r\n", "\n") == f"# Shop\n\n{AGENTS_MD}\nmore\n"


@pytest.mark.parametrize("text", ["# handrail: beginners\nx\n# handrail: end\n", "x\n"])
def test_what_is_no_block_of_ours_is_not_taken_for_one(text: str) -> None:
    assert HASH.found_in(text) is None
