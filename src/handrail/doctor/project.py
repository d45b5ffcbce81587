"""The project's configuration and folders (D04, D05, D07, D11, D16, D17)."""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from handrail.config.loading import load_settings
from handrail.config.problems import ConfigError
from handrail.core.hosts import UnreadableHostsError, hosts_in
from handrail.doctor import python
from handrail.doctor.findings import Around, Finding, Weight
from handrail.model.handbook import AGENTS_MD
from handrail.model.units import format_size

_MARKER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = {"and", "or", "not", "True", "False", "None"}
_TARGET = re.compile(r"(URL|URI|DSN|HOST|HOSTNAME|SERVER|ENDPOINT)$")
_PRODUCTION = re.compile(r"(^|[.\-_])(prod|production|live)([.\-_0-9]|$)", re.IGNORECASE)
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
_CONTEXT_BYTES = 100 << 20
_MOST_FILES = 50_000
"""Looked at for the size of a build context."""
_LIMITS = ("BASH_DEFAULT_TIMEOUT_MS", "BASH_MAX_TIMEOUT_MS")
_HANDBOOKS = ("AGENTS.md", "CLAUDE.md")
_BEGIN, *_, _END = AGENTS_MD.splitlines()


def configuration(around: Around) -> Iterator[Finding]:
    """D04: the configuration can be used, and is the only one."""
    path = around.root / "pyproject.toml"
    try:
        load_settings(path.read_text("utf-8"), environ=around.environ)
    except ConfigError as error:
        for problem in error.problems:
            text = f"{problem.key}: {problem.text}" if problem.key else problem.text
            yield Finding(what=text, where=problem.where, fix=problem.fix or error.hint)
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        yield Finding(what="pyproject.toml cannot be read", where=str(error), fix=f"file {path}")
    yield from python.shadowing(around)


def tiers(around: Around) -> Iterator[Finding]:
    """D05: markers that tiers select by are registered."""
    settings = around.settings
    if settings is None or not settings.is_configured:
        return
    name, found = python.pytest_settings(around)
    listed = found.get("markers", [])
    lines = listed if isinstance(listed, list) else str(listed).splitlines()
    known = {re.split(r"[:(\s]", str(line).strip(), maxsplit=1)[0] for line in lines}
    for tier in settings.tiers:
        wanted = set(_MARKER.findall(tier.select)) - _WORDS
        if unknown := sorted(wanted - known):
            yield Finding(
                what=f"tier {tier.name} selects by markers that nobody registers",
                where=f"{', '.join(unknown)}; registered: {name or 'nowhere'}",
                fix=f'add "{unknown[0]}: what it means" to markers of '
                f"{name or '[tool.pytest.ini_options]'}",
                weight=Weight.NOTE,
            )


def production(around: Around) -> Iterator[Finding]:
    """D07: no variable of this shell leads tests to production. Values are not shown."""
    for name, value in sorted(around.environ.items()):
        if not _TARGET.search(name.upper()):
            continue
        try:
            hosts = hosts_in(value)
        except UnreadableHostsError:
            continue
        if any(_PRODUCTION.search(host) for host in hosts) or _PRODUCTION.search(name):
            yield Finding(
                what=f"{name} looks like production",
                where="its value is not shown",
                fix=f"unset {name}, or a gate: only-hosts = ['localhost']",
            )


def state(around: Around) -> Iterator[Finding]:
    """D11: the state folder can be written, is ignored by git and on a disk of this machine."""
    folder = around.state
    at = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not os.access(at, os.W_OK):
        yield Finding(
            what="the state folder cannot be written",
            where=str(at),
            fix=f"chmod u+w {at}, or HANDRAIL_STATE=... for another place",
        )
    kind = _file_system(at)
    if kind in _REMOTE:
        yield Finding(
            what=f"the state folder is on {kind}, where locks and the history are not safe",
            where=str(at),
            fix="HANDRAIL_STATE=... for a folder on a disk of this machine",
        )
    if not (around.root / ".git").exists() or not folder.is_relative_to(around.root):
        return
    name = f"{folder.relative_to(around.root)}/"
    asked = ["git", "check-ignore", "--quiet", name]
    if subprocess.run(asked, cwd=around.root, check=False, capture_output=True).returncode == 1:
        yield Finding(
            what="git does not ignore the state folder",
            where=name,
            fix=f"echo {name} >> .gitignore",
            repair=partial(_append, around.root / ".gitignore", name),
        )


def _append(path: Path, *lines: str) -> None:
    before = path.read_text("utf-8") if path.exists() else ""
    separator = "" if not before or before.endswith("\n") else "\n"
    path.write_text(before + separator + "".join(f"{line}\n" for line in lines), "utf-8")


def _file_system(path: Path) -> str:
    """The kind of the one that it is on, as the kernel names it; empty if that is not known."""
    best, kind = "", ""
    try:
        lines = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    except OSError:
        return ""
    real = str(path.resolve())
    for line in lines:
        _, place, each, *_ = line.split(" ")
        place = place.encode().decode("unicode_escape")
        is_above = real == place or real.startswith(place.rstrip("/") + "/")
        if is_above and len(place) >= len(best):
            best, kind = place, each
    return kind


def agents(around: Around) -> Iterator[Finding]:
    """D16: what agents are told is what holds; limits of their tools are known."""
    books = [path for name in _HANDBOOKS if (path := around.root / name).exists()]
    for path in books:
        text = path.read_text("utf-8", "replace")
        if _BEGIN in text and AGENTS_MD not in text:
            yield Finding(
                what=f"{path.name} says what an older Handrail said",
                where=str(path),
                fix=f"handrail help agents-md, in place of the block in {path.name}",
                repair=partial(path.write_text, _renewed(text), "utf-8"),
            )
        elif _BEGIN not in text:
            yield Finding(
                what=f"{path.name} does not tell agents how tests are run here",
                where=str(path),
                fix=f"handrail help agents-md >> {path.name}",
                weight=Weight.NOTE,
            )
    for name in _LIMITS:
        value = around.environ.get(name, "")
        if value.isdecimal() and int(value) < 110_000:
            yield Finding(
                what=f"tools of this agent end a command after {int(value) / 1000:g} s",
                where=f"{name}={value}",
                fix="handrail start, then handrail wait --timeout "
                f"{max(1, int(value) // 1000 - 10)}s",
                weight=Weight.NOTE,
            )


def _renewed(text: str) -> str:
    """With the block of this Handrail in place of an older one's."""
    return re.sub(
        f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", lambda _: AGENTS_MD, text, flags=re.DOTALL
    )


def build_context(around: Around) -> Iterator[Finding]:
    """D17: what docker sends to its daemon is small and holds nothing private."""
    if not any(around.root.glob("Dockerfile*")):
        return
    ignored = around.root / ".dockerignore"
    lines = ignored.read_text("utf-8", "replace").splitlines() if ignored.exists() else []
    kept = {line.strip().strip("/").removeprefix("**/") for line in lines}
    heavy = [name for name in (".git", ".venv", around.state.name, "node_modules")
             if (around.root / name).exists() and name not in kept]  # fmt: skip
    if heavy:
        yield Finding(
            what="docker build sends folders to the daemon that no image needs",
            where=", ".join(heavy),
            fix=f"printf '%s\\n' {' '.join(heavy)} >> .dockerignore",
            repair=partial(_append, ignored, *heavy),
        )
    size, is_whole = _size(around.root, {*kept, *heavy})
    if size > _CONTEXT_BYTES:
        more = "" if is_whole else " at least"
        yield Finding(
            what=f"the build context has{more} {format_size(size)}",
            where=str(around.root),
            fix="name what no image needs in .dockerignore (du -sh * | sort -h)",
            weight=Weight.NOTE,
        )


def _size(root: Path, without: set[str]) -> tuple[int, bool]:
    total = count = 0
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in without]
        for name in files:
            count += 1
            if count > _MOST_FILES:
                return total, False
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total, True
