"""The machine (D09, D13)."""

import locale
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from handrail.doctor.findings import Around, Finding, Weight
from handrail.execution.limits import available_processors
from handrail.model.units import format_size
from handrail.services.usual import needed_services
from handrail.system.memory import available_bytes

_MEMORY_BYTES = 512 << 20
_DISK_BYTES = 500 << 20
_SHARED_BYTES = 256 << 20
_INODES = 10_000
_FILES = 1024
_DRIFT_S = 120.0
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_LOCAL = {"*", "localhost", "127.0.0.1", "127.0.0.0/8", ".localhost"}
_SHARED = Path("/dev/shm")  # noqa: S108 - looked at only


def resources(around: Around) -> Iterator[Finding]:
    """D09: processors, memory, disk, inodes, shared memory, open files, temporary files."""
    processors = available_processors()
    if processors < 1:
        yield Finding(
            what=f"less than one processor: {processors:g}",
            where="the quota of this container",
            fix="handrail run -n 1, or raise the quota",
            weight=Weight.NOTE,
        )
    memory = available_bytes()
    if memory is not None and memory < _MEMORY_BYTES:
        yield Finding(
            what=f"{format_size(memory)} of memory are free",
            fix="end something, or handrail run -n 1",
        )
    temporary = Path(tempfile.gettempdir())
    for folder in dict.fromkeys((_existing(around.state), temporary)):
        yield from _room(folder)
    yield from _shared(around)
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < _FILES:
        yield Finding(
            what=f"a process may open {files} files only",
            where=f"the limit can be raised to {most}",
            fix=f"ulimit -n {min(most, 65536) if most > 0 else 65536}",
        )


def _existing(folder: Path) -> Path:
    """It, or the nearest folder above that is there."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())


def _room(folder: Path) -> Iterator[Finding]:
    room = os.statvfs(folder)
    free = room.f_bavail * room.f_frsize
    if free < _DISK_BYTES:
        yield Finding(
            what=f"{format_size(free)} are free",
            where=str(folder),
            fix="handrail clean, or make room there (df -h)",
        )
    if room.f_files and room.f_favail < _INODES:
        yield Finding(
            what=f"only {room.f_favail} more files can be made",
            where=str(folder),
            fix="remove folders of many files there (df -i)",
        )
    if not os.access(folder, os.W_OK):
        yield Finding(
            what="nothing can be written there",
            where=str(folder),
            fix=f"chmod u+w {folder}, or set TMPDIR to another folder",
        )


def _shared(around: Around) -> Iterator[Finding]:
    settings = around.settings
    if settings is None or not needed_services(settings) or not _SHARED.is_dir():
        return
    room = os.statvfs(_SHARED)
    free = room.f_bavail * room.f_frsize
    if free < _SHARED_BYTES:
        yield Finding(
            what=f"{format_size(free)} of shared memory are free: servers live on the disk",
            where=str(_SHARED),
            fix="docker run --shm-size=1g, or mount -o remount,size=1g /dev/shm",
            weight=Weight.NOTE,
        )


def surroundings(around: Around) -> Iterator[Finding]:
    """D13: the clock, the encoding, proxies."""
    yield from _clock()
    encoding = sys.getfilesystemencoding()
    texts = locale.getpreferredencoding(do_setlocale=False)
    if "utf-8" not in {encoding.lower(), texts.lower()} and "utf8" not in texts.lower():
        yield Finding(
            what=f"text is not UTF-8 here: files {texts}, names {encoding}",
            where=f"LANG={around.environ.get('LANG', '')} LC_ALL={around.environ.get('LC_ALL', '')}",
            fix="export LC_ALL=C.UTF-8",
        )
    proxies = [name for name in _PROXIES if around.environ.get(name)]
    spared = f"{around.environ.get('NO_PROXY', '')},{around.environ.get('no_proxy', '')}"
    if proxies and not _LOCAL & {each.strip() for each in spared.split(",")}:
        yield Finding(
            what="clients ask a proxy for services of this machine",
            where=f"{', '.join(proxies)} is set, and NO_PROXY does not spare localhost",
            fix="export NO_PROXY=localhost,127.0.0.0/8",
        )


def _clock() -> Iterator[Finding]:
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
        file.flush()
        drift_s = time.time() - os.fstat(file.fileno()).st_mtime
    if abs(drift_s) > _DRIFT_S:
        yield Finding(
            what=f"the clock differs from that of the file system by {abs(drift_s):.0f} s",
            where=tempfile.gettempdir(),
            fix="set the clock; until then pytest may not notice that a file has changed",
        )
