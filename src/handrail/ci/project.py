"""What the workflows of a project depend on beside its stages."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from handrail.frozen import dataclass

_REQUIREMENTS = (
    "requirements-dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "test-requirements.txt",
    "requirements.txt",
)
_GROUPS = ("dev", "test", "tests", "testing")
_MARK = re.compile(r"\bmark\.([A-Za-z_]\w*)")
_CLAUSE = re.compile(r"(>=|<=|==|!=|~=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?")
_NOT_OURS = {"node_modules", "site-packages", "venv", "build", "dist"}
_MOST_FILES = 5000
"""Looked at for marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project, as far as its workflows are concerned."""

    requires_python: str = ""
    install: str = "python -m pip install handrail"
    has_uv_lock: bool = False
    marks: frozenset[str] = frozenset()
    """Marks that its tests mention."""


def project_of(root: Path, document: Mapping[str, object]) -> Project:
    """Read the project's folder. ``document``: its ``pyproject.toml``."""
    names = {path.name for path in root.iterdir()}
    table = _table(document, "project")
    return Project(
        requires_python=str(table.get("requires-python", "")),
        install=install_command(document, names),
        has_uv_lock="uv.lock" in names,
        marks=frozenset(_marks(root)),
    )


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def install_command(document: Mapping[str, object], names: Collection[str]) -> str:
    """How a clean machine gets the project, what its tests need, and Handrail.

    ``names``: of the files in the project's folder.
    """
    groups = _table(document, "dependency-groups")
    project = _table(document, "project")
    if "uv.lock" in names:
        prefix = "\"$(python -c 'import sys; print(sys.prefix)')\""
        sync = f"UV_PROJECT_ENVIRONMENT={prefix} uv sync --locked --inexact --all-groups"
        more = "" if _has_handrail(document) else " && python -m pip install handrail"
        return f"python -m pip install uv && {sync}{more}"
    words: list[str] = []
    extras = _table(project, "optional-dependencies")
    extra = next((each for each in _GROUPS if each in extras), "")
    group = next((each for each in _GROUPS if each in groups), "")
    if project or {"setup.py", "setup.cfg"} & set(names):
        words += ["--editable", f"'.[{extra}]'" if extra and not group else "."]
    words += ["--group", group] if group else []
    if not extra and not group:
        file = next((each for each in _REQUIREMENTS if each in names), "")
        words += ["-r", file] if file else []
    if not _has_handrail(document):
        words.append("handrail")
    return f"python -m pip install {' '.join(words)}"


def _has_handrail(document: Mapping[str, object]) -> bool:
    """Whether installing the project installs Handrail: it is named, or is the project itself."""
    project = _table(document, "project")
    listed: list[object] = [project.get("name", ""), project.get("dependencies", [])]
    listed += _table(project, "optional-dependencies").values()
    listed += _table(document, "dependency-groups").values()
    return any(re.match(r"handrail\b", text, re.IGNORECASE) for text in _texts(listed))


def _texts(found: Sequence[object]) -> Iterator[str]:
    for each in found:
        if isinstance(each, str):
            yield each
        elif isinstance(each, list):
            yield from _texts(each)


def _marks(root: Path) -> Iterator[str]:
    looked = 0
    folders = [root]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.name.startswith(".") or path.name in _NOT_OURS or path.is_symlink():
                continue
            if path.is_dir():
                folders.append(path)
            elif path.suffix == ".py" and "test" in path.as_posix():
                looked += 1
                yield from _MARK.findall(path.read_text("utf-8", "replace"))
                if looked == _MOST_FILES:
                    return


def admitted(requires_python: str, known: Sequence[str]) -> tuple[str, ...]:
    """The Pythons that a project runs on: those of ``known`` that ``requires-python`` lets in.

    All of them if it says nothing; the newest if it lets in none.
    """
    clauses = _CLAUSE.findall(requires_python)
    found = tuple(each for each in known if all(_meets(each, *clause) for clause in clauses))
    return found or tuple(known[-1:])


def _meets(python: str, operator: str, bound: str, wild: str) -> bool:
    """Only the first two numbers count: there is one job for each minor version."""
    here = tuple(map(int, python.split(".")))
    numbers = tuple(map(int, bound.split(".")))
    there = (*numbers, 0)[:2]
    if operator == "~=":
        return here >= there and here[0] == there[0] and (len(numbers) < 3 or here == there)
    if operator in {"==", "!="} and wild and len(numbers) == 1:
        return (here[0] == there[0]) is (operator == "==")
    is_inside = len(numbers) > 2 and any(numbers[2:])  # such as <3.13.2
    return {
        ">=": here >= there,
        ">": here > there or (here == there and is_inside),
        "<=": here <= there,
        "<": here < there or (here == there and is_inside),
        "==": here == there,
        "!=": here != there or (is_inside and not wild),
    }[operator]
