"""MariaDB, set up for tests: nothing it writes needs to survive the machine."""

import subprocess
from pathlib import Path

from handrail.errors import ExitCode, UserError
from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Image, Place, Recipe

USER = "root"
DATABASE = "test"
SETTINGS = {
    "innodb-flush-log-at-trx-commit": "2",  # commits outlive a server that a test kills
    "innodb-flush-method": "nosync",
    "innodb-doublewrite": "OFF",
    "innodb-log-file-size": "8M",
    "innodb-buffer-pool-size": "32M",
    "innodb-use-native-aio": "OFF",
    "aria-pagecache-buffer-size": "8M",
    "key-buffer-size": "1M",
    "performance-schema": "OFF",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "skip-log-bin": "",
    "skip-name-resolve": "",
}
_INSTALL = (
    "--no-defaults",
    "--auth-root-authentication-method=normal",
    "--skip-name-resolve",
    "--skip-test-db",
)
GRANTS = f"""
CREATE USER IF NOT EXISTS '{USER}'@'127.%';
GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'127.%' WITH GRANT OPTION;
CREATE DATABASE {DATABASE};
"""
"""Whoever comes from this machine may do everything: at first only the unix socket is let in."""
IDENTITY = "\n".join([*_INSTALL, GRANTS, *(f"{name}={value}" for name, value in SETTINGS.items())])
"""Changes when a data folder made before would not do any more."""


class InstallError(UserError):
    """No data folder could be made."""

    reference = "mariadb-install-db"
    exit_code = ExitCode.INFRA_ERROR


def _options() -> list[str]:
    return [f"--{name}={value}" if value else f"--{name}" for name, value in SETTINGS.items()]


def _start(programs: Programs, place: Place) -> Start:
    path = f"{place.folder}/mariadb.sock"
    return Start(
        name=place.name,
        argv=(
            *(programs.main, "--no-defaults", f"--datadir={place.folder}", f"--socket={path}"),
            *(f"--bind-address={place.host}", f"--port={place.port}"),
            *(f"--pid-file={place.folder}/mariadb.pid", f"--tmpdir={place.folder}"),
            *_options(),
        ),
        folder=place.folder,
        env=place.env,
        address=Address(path=path, host=place.host, port=place.port),
        ready=Ready(line="ready for connections", probe=Probe.MYSQL),
    )


def _url(address: Address) -> str:
    return f"mysql://{USER}@{address.host}:{address.port}/{DATABASE}"


def make_data_folder(programs: Programs, folder: Path, owner: tuple[int, int] | None) -> None:
    """Run mariadb-install-db. Raises: InstallError."""
    done = subprocess.run(
        [
            *(programs["mariadb-install-db"], *_INSTALL, f"--datadir={folder}"),
            *(f"--tmpdir={folder}", *_options()),
        ],
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
        raise InstallError(
            "mariadb-install-db cannot make a data folder",
            where="\n".join(
                [
                    f"{programs['mariadb-install-db']}: exit code {done.returncode}",
                    *(done.stdout + done.stderr).strip().splitlines()[-10:],
                ]
            ),
            hint="run that command by hand, or choose another back end in [tool.handrail.services.mariadb]",
        )


MARIADB = Recipe(
    name="mariadb",
    wanted=(
        Wanted(
            programs=("mariadbd", "mariadb-install-db"), folders=("/opt/homebrew/opt/mariadb*/bin",)
        ),
    ),
    extra="",
    start=_start,
    url=_url,
    default_port=3306,
    memory_bytes=200 << 20,
    connections=("--max-connections={n}",),
    image=Image(
        name="mariadb:11",
        port=3306,
        env={"MARIADB_ALLOW_EMPTY_ROOT_PASSWORD": "1", "MARIADB_DATABASE": DATABASE},
        ready=Ready(probe=Probe.MYSQL),
    ),
    drops_root=True,
)
