"""Files that tests attached to their results: copies in the run's folder, and a list of them.

Many processes of a run add to it at once: each file has a name of its own, and each entry of the
list is one write.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from handrail.frozen import dataclass

FOLDER = "attachments"
LIST = "attachments.ndjson"
MOST_BYTES = 256 * 1024 * 1024
"""A larger file is not copied: a run's folder is no archive."""
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file. ``path`` is relative to the run's folder."""

    test: str
    name: str
    kind: str
    """Its media type: ``image/png``."""
    path: str
    size_bytes: int


class TooLargeError(OSError):
    """The file is larger than what is kept."""


def add_attachment(
    folder: Path, test: str, name: str, kind: str, content: bytes | Path
) -> Attachment:
    """Keep a file of a test's in the folder of its run. Raises: OSError, TooLargeError."""
    size_bytes = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size_bytes > MOST_BYTES:
        raise TooLargeError(27, f"it is larger than {MOST_BYTES // 1024**2} MiB")
    kept = _create(folder / FOLDER, f"{crc32(test.encode('utf-8', 'replace')):08x}", name)
    try:
        if isinstance(content, bytes):
            kept.write_bytes(content)
        else:
            import shutil  # and all that it unpacks, which who only reads does without

            shutil.copyfile(content, kept)
    except OSError:
        with suppress(OSError):
            kept.unlink()
        raise
    path = f"{FOLDER}/{kept.name}"
    entry = {"test": test, "name": name, "kind": kind, "path": path, "bytes": size_bytes}
    line = json.dumps(entry, separators=(",", ":")).encode("ascii") + b"\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(folder / LIST, flags, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
    return Attachment(test=test, name=name, kind=kind, path=path, size_bytes=size_bytes)


def _create(folder: Path, prefix: str, name: str) -> Path:
    """An empty file that nobody else has: the name, made harmless, behind what tells tests apart."""
    folder.mkdir(parents=True, exist_ok=True)
    base = _UNUSUAL.sub("-", Path(name).name).strip("-.")[-80:] or "file"
    number = 0
    while True:
        number += 1
        path = folder / f"{prefix}-{number}-{base}"
        with suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path


def read_attachments(folder: Path) -> Iterator[Attachment]:
    """What the tests of the run in this folder attached, in that order, as far as it is still there.

    An entry that leads out of the folder is passed over.
    """
    try:
        data = (folder / LIST).read_bytes()
    except OSError:
        return
    for line in data.splitlines():
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(line)
            kept = folder / FOLDER / Path(str(found["path"])).name
            if kept.is_file() and not kept.is_symlink():
                yield Attachment(
                    test=str(found["test"]),
                    name=str(found["name"]),
                    kind=str(found["kind"]),
                    path=f"{FOLDER}/{kept.name}",
                    size_bytes=kept.stat().st_size,
                )


def listed(folder: Path) -> list[dict[str, str | int]]:
    """The same as JSON."""
    return [
        {
            "test": each.test,
            "name": each.name,
            "kind": each.kind,
            "path": each.path,
            "bytes": each.size_bytes,
        }
        for each in read_attachments(folder)
    ]


def adopt(source: Path, target: Path) -> None:
    """Copy what was attached in one run's folder to another's; what cannot be copied is left out."""
    for each in read_attachments(source):
        with suppress(OSError):
            add_attachment(target, each.test, each.name, each.kind, source / each.path)
