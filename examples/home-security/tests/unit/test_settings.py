"""Where the app finds its services."""

import pytest

from home_security.settings import MissingSettingError, Settings, with_psycopg

ENVIRON = {
    "HOME_SECURITY_DATABASE_URL": "postgresql://u:p@db:5432/home",
    "HOME_SECURITY_REDIS_URL": "redis://cache:6379/0",
}


def test_both_addresses_come_from_the_environment():
    settings = Settings.of(ENVIRON)

    assert settings.database_url == "postgresql+psycopg://u:p@db:5432/home"
    assert settings.redis_url == "redis://cache:6379/0"


def test_everything_that_is_missing_is_named_at_once():
    with pytest.raises(MissingSettingError, match="DATABASE_URL and HOME_SECURITY_REDIS_URL"):
        Settings.of({})


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg"]
)
def test_whatever_the_driver_was_it_is_psycopg(scheme):
    assert with_psycopg(f"{scheme}://h/d") == "postgresql+psycopg://h/d"


@pytest.mark.parametrize("url", ["", "mysql://h/d", "h/d"])
def test_another_database_is_refused(url):
    with pytest.raises(ValueError, match="not the address of a Postgres database"):
        with_psycopg(url)
