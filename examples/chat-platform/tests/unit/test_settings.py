"""Where a service finds the others."""

import pytest

from chat_platform.settings import MissingSettingError, read, with_psycopg


def test_the_values_in_the_order_in_which_they_were_asked_for():
    assert read({"A": "1", "B": "2"}, "B", "A") == ["2", "1"]


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(MissingSettingError, match="set AUTH_URL and REDIS_URL"):
        read({"CHAT_URL": "http://chat", "REDIS_URL": ""}, "AUTH_URL", "CHAT_URL", "REDIS_URL")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_sqlalchemy_is_told_of_the_driver(scheme):
    assert with_psycopg(f"{scheme}://ann@here/db") == "postgresql+psycopg://ann@here/db"


@pytest.mark.parametrize("url", ["", "here/db", "mysql://here/db"])
def test_another_database_is_refused(url):
    with pytest.raises(ValueError, match="not the address of a Postgres"):
        with_psycopg(url)
