"""Find the programs of a server: on PATH, where distributions put them, in wheels, among our modules."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from handrail.frozen import dataclass, field

_SBIN = ("/usr/local/sbin", "/usr/sbin")
"""Where distributions put servers, though few people have these folders on their PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Programs that belong together, and where to look for them beside PATH."""

    programs: tuple[str, ...] = ()
    """The server first. All must be in one folder, but for what PATH has."""
    folders: tuple[str, ...] = ()
    """Patterns of folders outside PATH."""
    wheels: tuple[tuple[str, str], ...] = ()
    """Importable packages that carry them, each with a pattern of the folder below it."""
    modules: tuple[str, ...] = ()
    """Or packages that this Python runs the server with; then the program is this Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What was found."""

    origin: str
    """In words: ``PATH``, the folder, the wheel."""
    paths: Mapping[str, str]
    """Of each program, by its name."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Folders of the packages that it needs, by their names."""

    @property
    def main(self) -> str:
        """The server itself."""
        return next(iter(self.paths.values()))

    def __getitem__(self, program: str) -> str:
        return self.paths[program]


def find(
    wanted: Sequence[Wanted], path: str, version: str | None = None
) -> tuple[Programs | None, str]:
    """The first place that has what one of ``wanted`` asks for, in that version; or why there is none. Where
    nothing is asked for, there is nothing to look for: a command names its program.

    ``path``: as the variable ``PATH``. ``version``: a prefix, such as ``16``.
    """
    if not wanted:
        return Programs(origin="the configuration", paths={}), ""
    seen: list[str] = []
    for each in wanted:
        for found in _places(each, path):
            if version is None:
                return found, ""
            has = version_of(found)
            if f"{has}.".startswith(f"{version}."):
                return found, ""
            seen.append(f"{has} ({found.origin})")
    if seen:
        return None, f"version {version} is wanted, found {', '.join(seen)}"
    return None, "no " + ", no ".join(_nowhere(each) for each in wanted)


def version_of(programs: Programs) -> str:
    """What the server says of its version; ``unknown`` if that is nothing with numbers."""
    for module in programs.modules:
        try:
            return importlib.metadata.version(module)
        except importlib.metadata.PackageNotFoundError:
            return "unknown"
    try:
        said = subprocess.run(
            [programs.main, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = re.search(r"\d+(?:\.\d+)*", said)
    return found[0] if found else "unknown"


def identity(programs: Programs) -> str:
    """Changes when a program is replaced; cheaper than asking each for its version."""
    parts = []
    for name, path in sorted(programs.paths.items()):
        status = os.stat(os.path.realpath(path))
        parts.append(f"{name}={os.path.realpath(path)}:{status.st_size}:{status.st_mtime_ns}")
    return "\n".join(parts)


def _places(wanted: Wanted, path: str) -> Iterator[Programs]:
    if wanted.modules:
        yield from _in_this_python(wanted)
        return
    beside = os.path.dirname(sys.executable)  # where wheels put programs, PATH or not
    searched = os.pathsep.join([*filter(None, [path]), beside, *_SBIN])
    on_path: dict[str, str | None] = {
        name: shutil.which(name, path=searched) for name in wanted.programs
    }
    if all(on_path.values()):
        yield Programs(origin="PATH", paths={name: path or "" for name, path in on_path.items()})
    for pattern in wanted.folders:
        root = Path(pattern).anchor
        for folder in sorted(Path(root).glob(pattern[len(root) :]), key=_numbers, reverse=True):
            if (found := _in(folder, wanted)) is not None:
                yield Programs(origin=str(folder), paths=found)
    for package, pattern in wanted.wheels:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for folder in sorted(Path(spec.origin).parent.glob(pattern)):
            if (found := _in(folder, wanted)) is not None:
                yield Programs(origin=f"the package {package}", paths=found)


def _in_this_python(wanted: Wanted) -> Iterator[Programs]:
    folders = {}
    for module in wanted.modules:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            return
        folders[module] = str(Path(spec.origin).parent)
    yield Programs(
        origin=f"the package {wanted.modules[0]}",
        paths={"python": sys.executable},
        modules=folders,
    )


def _in(folder: Path, wanted: Wanted) -> dict[str, str] | None:
    paths = {name: str(folder / name) for name in wanted.programs}
    return paths if all(os.access(each, os.X_OK) for each in paths.values()) else None


def _numbers(path: Path) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", str(path))]


def _nowhere(wanted: Wanted) -> str:
    if wanted.modules:
        return f"package {wanted.modules[0]} in this Python"
    places = ["on PATH", *wanted.folders, *(f"in the package {name}" for name, _ in wanted.wheels)]
    return f"{wanted.programs[0]} {' nor '.join(places)}"
