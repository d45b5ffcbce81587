"""Where the app finds its services: read from the environment, once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class MissingSettingError(Exception):
    """A variable that the app cannot do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses of the database and of Redis."""

    database_url: str
    redis_url: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read ``HOME_SECURITY_DATABASE_URL`` and ``HOME_SECURITY_REDIS_URL``.

        Raises: MissingSettingError that names every variable that is not there.
        """
        names = ("HOME_SECURITY_DATABASE_URL", "HOME_SECURITY_REDIS_URL")
        if missing := [name for name in names if not environ.get(name)]:
            raise MissingSettingError(f"set {' and '.join(missing)}")
        return cls(
            database_url=with_psycopg(environ["HOME_SECURITY_DATABASE_URL"]),
            redis_url=environ["HOME_SECURITY_REDIS_URL"],
        )


def with_psycopg(url: str) -> str:
    """The same address, for SQLAlchemy with psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"not the address of a Postgres database: {url}")
    return f"postgresql+psycopg://{rest}"
