"""The history of the tables, with Alembic. No ``alembic.ini``: ``migrate`` is all there is."""

from alembic import command
from alembic.config import Config

from home_security.settings import with_psycopg


def migrate(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision. Handrail calls this once and clones the result."""
    command.upgrade(_config(url), revision)


def revert(url: str, revision: str = "base") -> None:
    """Bring a database back to a revision."""
    command.downgrade(_config(url), revision)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "home_security:migrations")
    config.attributes["url"] = with_psycopg(url)
    return config
