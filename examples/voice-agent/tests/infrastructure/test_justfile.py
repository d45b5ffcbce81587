"""The recipes that people deploy with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.infrastructure

ROOT = Path(__file__).parents[2]
RECIPES = {"default", "up", "down", "clean", "logs", "swap", "status"}


@pytest.fixture(scope="module")
def text():
    return (ROOT / "justfile").read_text()


def recipe(text, name):
    """The lines of a recipe, and the line before its name."""
    return re.search(rf"^(.*)\n{name}\b.*:\n((?:    .*\n)+)", text, re.MULTILINE)


def test_the_recipes_are_there(text):
    assert set(re.findall(r"^(\w+).*:$", text, re.MULTILINE)) == RECIPES


def test_starting_waits_until_it_is_healthy(text):
    assert "--wait" in recipe(text, "up")[2]


def test_what_destroys_asks(text):
    destroys = [name for name in RECIPES if "--volumes" in recipe(text, name)[2]]

    assert destroys == ["clean"]
    assert recipe(text, "clean")[1].startswith("[confirm(")


def test_nothing_that_fails_is_passed_over(text):
    assert not re.search(r"\|\||sleep|^\s+-", text, re.MULTILINE)


def test_a_swap_leaves_the_others_alone(text):
    assert "--no-deps" in recipe(text, "swap")[2]
    assert "swap service:" in text


def test_just_accepts_it():
    if not shutil.which("just"):
        pytest.skip("just is not installed")

    done = subprocess.run(
        ["just", "--summary"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert set(done.stdout.split()) == RECIPES
