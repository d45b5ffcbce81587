"""Make images for tests without any registry of images: Debian packages, unpacked into a folder.

    python tests/images/build.py [NAME ...]

Nothing is installed: packages are downloaded by ``apt-get`` into a temporary folder, unpacked by
``dpkg-deb -x``, given a passwd and a group file, and handed to ``docker import``. Each image behaves
like the well-known one of the same server as far as Handrail is concerned: the same variables, the
same commands, the data in a volume (or, ``baked``, initialised in the image and outside a volume).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = "handrail-test"
_BASE = ("dash", "coreutils", "util-linux", "grep", "sed", "libc-bin", "base-files")
_USELESS = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian"),
    *("usr/share/i18n", "usr/share/perl*", "usr/lib/*/perl*", "usr/lib/*/gconv"),
    *("usr/lib/*/libLLVM*", "usr/lib/llvm*", "usr/lib/*/libz3*"),
    *("usr/lib/postgresql/*/lib/bitcode", "usr/lib/postgresql/*/lib/llvmjit*"),
)
_PASSWD = """\
root:x:0:0:root:/root:/bin/sh
postgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh
redis:x:998:998:Redis:/data:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh
"""
_GROUP = "root:x:0:\npostgres:x:999:\nredis:x:998:\nnogroup:x:65534:\n"
_ENTRY = """\
#!/bin/sh
# Like the well-known images: make the data folder if there is none, then be the server.
set -e
as() { id=$1; shift; exec setpriv --reuid "$id" --regid "$id" --clear-groups "$@"; }
case "$1" in
redis-server)
    as 998 "$@" --bind 0.0.0.0 --protected-mode no --dir /data;;
postgres)
    mkdir -p "$PGDATA" /var/run/postgresql
    chown 999:999 "$PGDATA" /var/run/postgresql
    chmod 700 "$PGDATA"
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
            echo "Error: Database is uninitialized and superuser password is not specified." >&2
            exit 1
        fi
        user=${POSTGRES_USER:-postgres}
        printf '%s' "${POSTGRES_PASSWORD:-none}" > /tmp/password
        chmod 644 /tmp/password
        (as 999 initdb -D "$PGDATA" -U "$user" --pwfile=/tmp/password --locale C.UTF-8 $POSTGRES_INITDB_ARGS)
        rm /tmp/password
        echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
        if [ "${POSTGRES_DB:-$user}" != postgres ]; then
            echo "CREATE DATABASE \\"${POSTGRES_DB:-$user}\\"" |
                (as 999 postgres --single -D "$PGDATA" postgres) > /dev/null
        fi
    fi
    [ -z "$ONLY_INITIALISE" ] || exit 0
    shift
    as 999 postgres -D "$PGDATA" -c listen_addresses='*' -k /var/run/postgresql "$@";;
*)
    exec "$@";;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an image is made of."""

    packages: tuple[str, ...]
    command: tuple[str, ...]
    port: int
    volume: str
    env: dict[str, str] = field(default_factory=dict)


def recipes() -> dict[str, Recipe]:
    """By name; the version of Postgres is whichever this Debian has."""
    newest = max(_postgres_versions())
    return {
        f"postgres:{newest}": Recipe(
            packages=(f"postgresql-{newest}",),
            command=("postgres",),
            port=5432,
            volume="/var/lib/postgresql/data",
            env={
                "PATH": f"/usr/lib/postgresql/{newest}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "PGDATA": "/var/lib/postgresql/data",
            },
        ),
        "redis:7": Recipe(
            packages=("redis-server",), command=("redis-server",), port=6379, volume="/data"
        ),
    }


def build(name: str, docker: tuple[str, ...] = ("docker",)) -> str:
    """Make the image of that name, such as ``redis:7``, if it is not there; return its full name."""
    full = f"{PREFIX}/{name}"
    if _is_there(full, docker):
        return full
    recipe = recipes()[name]
    with tempfile.TemporaryDirectory(prefix="handrail-image-") as place:
        root = Path(place, "root")
        _unpack(Path(place), root, (*recipe.packages, *_BASE))
        _complete(root)
        _import(root, full, recipe, docker)
    return full


def bake(name: str, docker: tuple[str, ...] = ("docker",)) -> str:
    """An image of Postgres whose data folder is in it already: nothing is initialised at its start."""
    full = f"{PREFIX}/baked-{name}"
    if _is_there(full, docker):
        return full
    container = f"handrail-bake-{os.getpid()}"
    env = ("PGDATA=/data", "POSTGRES_HOST_AUTH_METHOD=trust", "POSTGRES_INITDB_ARGS=--no-sync")
    variables = [word for each in (*env, "ONLY_INITIALISE=1") for word in ("-e", each)]
    _run([*docker, "run", "--name", container, *variables, f"{PREFIX}/{name}"])
    try:
        changes = [word for each in (*env, "ONLY_INITIALISE=") for word in ("-c", f"ENV {each}")]
        _run([*docker, "commit", *changes, container, full])
    finally:
        _run([*docker, "rm", "--force", "--volumes", container])
    return full


def _postgres_versions() -> list[int]:
    listed = subprocess.run(
        ["apt-cache", "pkgnames", "postgresql-"], capture_output=True, text=True, check=True
    ).stdout.split()
    numbers = [name.removeprefix("postgresql-") for name in listed]
    return [int(number) for number in numbers if number.isdigit()]


def _is_there(image: str, docker: tuple[str, ...]) -> bool:
    asked = subprocess.run([*docker, "image", "inspect", image], capture_output=True, check=False)
    return asked.returncode == 0


def _unpack(place: Path, root: Path, packages: tuple[str, ...]) -> None:
    """All that the packages depend on too: the list of what is installed is taken to be empty."""
    archives = place / "archives"
    (archives / "partial").mkdir(parents=True)
    (place / "status").touch()
    _run(
        [
            *("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only"),
            *("-o", f"Dir::State::status={place / 'status'}"),
            *("-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"),
            *("install", *packages),
        ]
    )
    root.mkdir(mode=0o755)
    for archive in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(root)])


def _complete(root: Path) -> None:
    """What maintainers' scripts would have done; without what nobody needs."""
    for pattern in _USELESS:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in ("tmp", "proc", "sys", "dev", "run", "etc", "root", "data", "usr/local/bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(_PASSWD, "ascii")
    (root / "etc/group").write_text(_GROUP, "ascii")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n", "ascii")
    if not os.path.lexists(root / "bin/sh"):
        (root / "bin/sh").symlink_to("dash")
    entry = root / "usr/local/bin/entry.sh"
    entry.write_text(_ENTRY, "utf-8")
    entry.chmod(0o755)
    os.chown(root / "data", 998, 998)


def _import(root: Path, image: str, recipe: Recipe, docker: tuple[str, ...]) -> None:
    changes = [
        'ENTRYPOINT ["/usr/local/bin/entry.sh"]',
        f"CMD {json.dumps(recipe.command)}",
        f"EXPOSE {recipe.port}",
        f"VOLUME {recipe.volume}",
        "ENV LANG=C.UTF-8",
        *(f"ENV {name}={value}" for name, value in recipe.env.items()),
    ]
    tar = subprocess.Popen(
        ["tar", "-C", str(root), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE
    )
    words = [word for change in changes for word in ("-c", change)]
    try:
        _run([*docker, "import", *words, "-", image], stdin=tar.stdout)
    finally:
        if tar.wait():
            raise RuntimeError("tar failed")


def _run(command: list[str], stdin: object = subprocess.DEVNULL) -> None:
    done = subprocess.run(
        command,
        stdin=stdin,  # type: ignore[call-overload]
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")


def main() -> int:
    """Make the images named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as redis:7; default: all")
    for name in parser.parse_args().names or recipes():
        print(build(name))
        if name.startswith("postgres"):
            print(bake(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
