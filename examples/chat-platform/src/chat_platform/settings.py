"""Where a service finds the others: read from the environment, once."""

from collections.abc import Mapping


class MissingSettingError(Exception):
    """Variables that a service cannot do without."""


def read(environ: Mapping[str, str], *names: str) -> list[str]:
    """The values of these variables. Raises: MissingSettingError, which names every one not there."""
    if missing := [name for name in names if not environ.get(name)]:
        raise MissingSettingError(f"set {' and '.join(missing)}")
    return [environ[name] for name in names]


def with_psycopg(url: str) -> str:
    """The same address, for SQLAlchemy with psycopg 3."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"not the address of a Postgres database: {url}")
    return f"postgresql+psycopg://{rest}"
