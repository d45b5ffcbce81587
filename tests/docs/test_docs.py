"""The docs tell the truth: their commands are run, their settings are loaded, their links lead somewhere."""

import difflib
import os
import re
import tomllib
from pathlib import Path

import page
import pytest

from handrail.config.loading import load_settings

RUN = [each for each in page.PAGES if any(b.is_run for b in page.blocks(each.read_text("utf-8")))]
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
_SIGN_OF_LIFE = re.compile(r"RUNNING exit=8 |\d+/N tests, |\d+/\d+ tests, ")
"""What is printed while somebody waits for longer than a few seconds: on a busy machine."""
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", RUN, ids=page.name_of)
def test_the_commands_of_a_page_print_what_it_shows(path: Path, tmp_path: Path) -> None:
    text = path.read_text("utf-8")

    now = page.executed(text, tmp_path)

    assert "internal error" not in now
    if os.environ.get("HANDRAIL_ACCEPT") == "1":
        path.write_text(now, "utf-8")
        text = now
    shown = page.normal(text).splitlines()
    printed = [
        line
        for line in page.normal(now).splitlines()
        if line in shown or not _SIGN_OF_LIFE.match(line)
    ]
    different = "\n".join(difflib.unified_diff(shown, printed, "page", "now", n=2, lineterm=""))
    assert not different, f"make accept writes it:\n{different}"


@pytest.mark.parametrize("path", page.PAGES, ids=page.name_of)
def test_every_setting_that_a_page_shows_is_valid(path: Path) -> None:
    shown = [each.text for each in page.blocks(path.read_text("utf-8")) if each.language == "toml"]

    for text in shown:
        assert tomllib.loads(text)
        load_settings(text)


@pytest.mark.parametrize("path", page.PAGES, ids=page.name_of)
def test_every_link_of_a_page_leads_to_a_file(path: Path) -> None:
    text = _FENCED.sub("", path.read_text("utf-8"))

    targets = [each for each in _LINK.findall(text) if "://" not in each]

    assert [each for each in targets if not (path.parent / each).exists()] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, queue = set(), [page.ROOT / "README.md"]
    while queue:
        current = queue.pop()
        if current in reached or not current.exists() or current.suffix != ".md":
            continue
        reached.add(current)
        targets = _LINK.findall(current.read_text("utf-8"))
        queue += [(current.parent / target).resolve() for target in targets]

    assert [page.name_of(each) for each in page.PAGES if each not in reached] == []
