"""``llms.txt`` says of every page what it is about, in the words of the page."""

import re

import generate
import llms
import page
import pytest

INDEX = """\
# The docs

Welcome.

**Learn**: [tutorial](tutorial.md): quick.

**Do** (often)

- [Something](how-to/do.md)
- Why: [so](decisions/0001-so.md),
  [not so](decisions/0002-not-so.md)

For machines: [llms.txt](../llms.txt).
"""
PAGES = {
    "README.md": "# Thing\n\nThing does\nit. And more.\n\n## Next\n\nText.\n",
    "docs/index.md": INDEX,
    "docs/tutorial.md": "# Begin\n\nYou need [a thing](../README.md). And time.\n",
    "docs/how-to/do.md": "# Do it\n\n**Do** `it.now`: at once. Then rest.\n",
    "docs/decisions/0001-so.md": "# 0001: So\n\n**Context.** Hm. Well.\n\n**Choice.** So. Yes.\n",
    "docs/decisions/0002-not-so.md": "# 0002: Not so\n\n**Choice.** No.\n",
}
EXPECTED = """\
## Learn

- [Begin](docs/tutorial.md): You need a thing.

## Do

- [Do it](docs/how-to/do.md): Do `it.now`: at once.

## Optional

- [0001: So](docs/decisions/0001-so.md): So.
- [0002: Not so](docs/decisions/0002-not-so.md): No.
"""


def test_it_begins_with_a_title_and_a_summary_and_tells_agents_where_to_begin() -> None:
    text = llms.text(PAGES)

    assert text.startswith("# Thing\n\n> Thing does it. And more.\n\n")
    assert "`handrail help agents`" in text


def test_pages_are_in_the_order_of_the_index_and_decisions_may_be_left_out() -> None:
    assert EXPECTED in llms.text(PAGES)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<!-- Generated. -->\n\nOne\nthing. Two.", "One thing."),
        ("One thing:\n\n```bash\nrun\n```", "One thing."),
        ("| a |\n|---|\n\n- b\n\n```text\nno\n\nNo. No.\n```\n\nIn pytest 8.4 only. Yes.", "In pytest 8.4 only."),
    ],
)  # fmt: skip
def test_the_first_sentence_is_that_of_the_first_prose(text: str, sentence: str) -> None:
    assert llms.opening("a.md", f"# Title\n\n{text}\n") == sentence


@pytest.mark.parametrize("text", ["", "```bash\nrun it. Now.\n```", "## Part\n\nOne thing."])
def test_a_page_must_say_what_it_is_about(text: str) -> None:
    with pytest.raises(llms.NoOpeningError, match=r"^a\.md does not begin with a sentence"):
        llms.opening("a.md", f"# Title\n\n{text}\n")


def test_every_page_is_named_once_and_every_link_leads_to_one() -> None:
    named = re.findall(r"^- \[.+?\]\((\S+)\): .+\.$", (page.ROOT / "llms.txt").read_text(), re.M)

    wanted = {page.name_of(each) for each in page.PAGES} - {llms.README, llms.INDEX}
    assert sorted(named) == sorted(wanted)


def test_generated_pages_are_up_to_date() -> None:
    made = generate.pages()

    stale = [path for path, text in made.items() if (page.ROOT / path).read_text("utf-8") != text]
    assert (stale, "llms.txt" in made) == ([], True)
