"""Read what a project has. Nothing is created."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from handrail.adoption.inventory import COMPOSE, Inventory
from handrail.adoption.sources import Source, understood

_FILES = (
    "pyproject.toml",
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    ".gitignore",
    "AGENTS.md",
    "CLAUDE.md",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    ".justfile",
    "noxfile.py",
    ".gitlab-ci.yml",
    ".python-version",
    "Dockerfile",
    "README.md",
    *COMPOSE,
)
_PATTERNS = (".github/workflows/*.yml", ".github/workflows/*.yaml", "*requirements*.txt",
             "*requirements*.in", "requirements/*.txt", "requirements/*.in")  # fmt: skip
_SKIPPED = {"node_modules", "site-packages", "__pycache__", "build", "dist", "venv"}
_MOST_FILES = 50_000
_MOST_BYTES = 2 << 20


def read(root: Path, durations: Mapping[str, float] | None = None) -> Inventory:
    """What ``init`` looks at. Files that are no text, or cannot be read, are left out.

    ``durations``: of each test, from history.
    """
    paths = [root / name for name in _FILES]
    paths += [path for pattern in _PATTERNS for path in sorted(root.glob(pattern))]
    texts = {path.relative_to(root).as_posix(): _text(path) for path in paths if path.exists()}
    return Inventory(
        files={path: text for path, text in texts.items() if text is not None},
        unreadable=frozenset(path for path, text in texts.items() if text is None),
        sources=tuple(_sources(root)),
        durations=durations or {},
        is_git=(root / ".git").exists(),
    )


def _text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return None
        return path.read_bytes().decode("utf-8")  # ends of lines stay as they are
    except (OSError, UnicodeDecodeError):
        return None


def _sources(root: Path) -> Iterator[Source]:
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if _is_walked(folder, name))
        is_tests = bool({"test", "tests"} & set(Path(folder).relative_to(root).parts))
        for name in sorted(files):
            count += 1
            if count > _MOST_FILES:
                return
            if name.endswith(".py") and (is_tests or _is_test(name)):
                path = Path(folder, name)
                text = _text(path)
                if text is not None:
                    yield understood(path.relative_to(root).as_posix(), text)


def _is_walked(folder: str, name: str) -> bool:
    is_environment = os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
    return not (name.startswith(".") or name in _SKIPPED or is_environment)


def _is_test(name: str) -> bool:
    return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
