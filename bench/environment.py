"""Virtual environments and source distributions, kept under ``.tools/`` so a second run is quick.

Nothing here names a package index: ``uv`` and ``pip`` use the one they are configured for.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
SDISTS = TOOLS / "sdists"

RUNNERS = ("pytest", "pytest-xdist", "pytest-timeout")
"""What every measured environment holds beside the project and handrail itself."""


class FetchError(Exception):
    """Something could not be downloaded, built or installed; carries the tool's last words."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A folder of Python scripts: ``python``, ``pytest`` and, if installed, ``handrail``."""

    scripts: Path

    def script(self, name: str) -> str:
        """The path of a script of this environment."""
        return str(self.scripts / name)

    @property
    def has_handrail(self) -> bool:
        """Whether ``handrail`` can be measured here."""
        return (self.scripts / "handrail").exists()

    def variables(self) -> dict[str, str]:
        """The environment variables of a measured command.

        Bytecode caching is on: without it pytest rewrites every module on every run. Settings of
        the run that started us (pytest's, xdist's, handrail's) are not inherited.
        """
        foreign = ("PYTEST_", "HANDRAIL_", "COV_CORE_")
        variables = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME"):
            variables.pop(name, None)
        variables["PATH"] = f"{self.scripts}{os.pathsep}{variables.get('PATH', '')}"
        variables["VIRTUAL_ENV"] = str(self.scripts.parent)
        return variables


def current() -> Environment:
    """The environment of the Python that runs this script."""
    return Environment(Path(sys.executable).parent)


def fetch(name: str, version: str) -> Path:
    """The source distribution of a project; downloaded once, then found in ``.tools/sdists``.

    Raises: FetchError if it is not here and cannot be downloaded.
    """
    found = _downloaded(name, version)
    if found is None:
        SDISTS.mkdir(parents=True, exist_ok=True)
        python = _fetching_python()
        _run(
            [
                *(python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--no-binary", name, "--dest", str(SDISTS), f"{name}=={version}"),
            ],
            f"could not download {name} {version}",
        )
        found = _downloaded(name, version)
    if found is None:
        raise FetchError(f"pip downloaded no source distribution of {name} {version}")
    return found


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a source distribution into ``folder`` without its top directory."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(partial, filter="data")
    (top,) = partial.iterdir()
    top.rename(folder)
    partial.rmdir()


def create(folder: Path, requirements: Iterable[str], *, editable: Iterable[Path]) -> Environment:
    """A virtual environment with ``requirements``, made once; made anew when these change.

    Raises: FetchError if something cannot be installed.
    """
    arguments = [*requirements, *(word for path in editable for word in ("-e", str(path)))]
    stamp = folder / "installed.txt"
    wanted = "\n".join([sys.version, *arguments])
    environment = Environment(folder / "bin")
    if stamp.exists() and stamp.read_text() == wanted:
        return environment
    _make(folder)
    _install(environment, arguments)
    stamp.write_text(wanted)
    return environment


def _make(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if uv := shutil.which("uv"):
        command = [uv, "venv", "--quiet", "--python", sys.executable, str(folder)]
    else:
        command = [sys.executable, "-m", "venv", str(folder)]
    _run(command, f"could not create a virtual environment in {folder}")


def _install(environment: Environment, arguments: Sequence[str]) -> None:
    python = environment.script("python")
    if uv := shutil.which("uv"):
        command = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, *arguments], f"could not install {' '.join(arguments)}")


def _fetching_python() -> str:
    """A Python with pip; uv cannot download source distributions."""
    return create(TOOLS / "fetch", ("pip",), editable=()).script("python")


def _downloaded(name: str, version: str) -> Path | None:
    spellings = {name, name.replace("-", "_"), name.capitalize()}  # as it was spelt then
    paths = (SDISTS / f"{spelling}-{version}.tar.gz" for spelling in spellings)
    return next((path for path in paths if path.exists()), None)


def _run(command: Sequence[str], failure: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        tail = (done.stderr.strip() or done.stdout.strip()).splitlines()[-8:]
        raise FetchError("\n  ".join([failure, *tail]))
