"""What a test module uses is read from its text, not by importing it."""

import pytest

from handrail.adoption.sources import understood


@pytest.mark.parametrize(
    ("text", "markers"),
    [
        ("import pytest\n@pytest.mark.slow\ndef test(): pass", {"slow"}),
        ("pytestmark = [pytest.mark.db, pytest.mark.usefixtures('a')]", {"db", "usefixtures"}),
        ("pytest.param(1, marks=pytest.mark.e2e(reason='x'))", {"e2e"}),
        ("from pytest import mark as m\n@m.gpu\ndef test(): pass", {"gpu"}),
        ("mark = Bookmark()\nmark.load()", set()),
        ("from .pytest import mark\nmark.soak", set()),
        ("# pytest.mark.slow\n'pytest.mark.slow'", set()),
        ("def broken(:", set()),
        ("\0", set()),
    ],
)
def test_markers_are_those_of_pytest(text: str, markers: set[str]) -> None:
    assert understood("test_a.py", text).markers == markers


def test_imports_are_packages_that_somebody_installed() -> None:
    text = (
        "import redis.asyncio as r, json\nfrom psycopg.rows import dict_row\nfrom . import asyncpg"
    )

    assert understood("test_a.py", text).imports == {"redis", "json", "psycopg"}
