"""The interpreter, the packages beside it, and pytest's own configuration (D01, D02, D03, D06, D12)."""

import importlib.metadata
import re
import shlex
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser, Error
from pathlib import Path

from handrail.doctor.findings import Around, Finding, Weight

_LEAST_PYTEST = (8, 4)
_CLASHES = {
    "pytest-parallel": "it runs tests in threads and processes of its own",
    "pytest-mp": "it runs tests in processes of its own",
    "pytest-forked": "it forks for every test, in workers that were forked already",
    "pytest-order-by-duration": "it sorts what was sorted already",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BOUND = re.compile(r"\s*(>=|<=|==|!=|~=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*")


def environment(around: Around) -> Iterator[Finding]:
    """D01: the interpreter that Handrail runs in is the one that the project means."""
    here = Path(sys.prefix)
    for name in (".venv", "venv"):
        theirs = around.root / name
        if (theirs / "pyvenv.cfg").exists():
            if theirs.resolve() != here.resolve():
                yield Finding(
                    what="this handrail runs in another environment than the project's",
                    where=f"this one: {here}\nthe project's: {theirs}",
                    fix=f"{name}/bin/python -m pip install handrail && {name}/bin/handrail doctor",
                )
            break
    wanted = around.table("project").get("requires-python")
    if isinstance(wanted, str) and not _allows(wanted, sys.version_info[:3]):
        version = ".".join(map(str, sys.version_info[:3]))
        yield Finding(
            what=f"Python {version} is not one that the project supports",
            where=f'pyproject.toml: requires-python = "{wanted}"; this one: {sys.executable}',
            fix="make an environment with another Python, and install handrail there",
        )


def _allows(wanted: str, version: tuple[int, ...]) -> bool:
    """Whether a specifier such as ``>=3.11,<4`` admits it; what is not understood does."""
    for part in wanted.split(","):
        found = _BOUND.fullmatch(part)
        if found is None:
            continue
        bound = tuple(map(int, found[2].split(".")))
        cut = version[: len(bound)]
        is_met = {
            ">=": version >= bound,
            "<=": cut <= bound,
            "==": cut == bound,
            "!=": cut != bound,
            "~=": version >= bound and version[: len(bound) - 1] == bound[:-1],
            "<": version < bound,
            ">": cut > bound,
        }[found[1]]
        if not is_met:
            return False
    return True


def plugin(around: Around) -> Iterator[Finding]:
    """D02: pytest is there, is new enough, and loads the plugin."""
    try:
        version = importlib.metadata.version("pytest")
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            what="pytest is not installed here",
            where=sys.prefix,
            fix=f"{sys.executable} -m pip install pytest",
        )
        return
    numbers = tuple(int(each) for each in re.findall(r"\d+", version)[:2])
    if numbers < _LEAST_PYTEST:
        least = ".".join(map(str, _LEAST_PYTEST))
        yield Finding(
            what=f"pytest {version} is too old; {least} is the least",
            fix=f"{sys.executable} -m pip install 'pytest>={least}'",
        )
    if not importlib.metadata.entry_points(group="pytest11", name="handrail"):
        yield Finding(
            what="pytest does not know the plugin: plain pytest would run gated tests",
            fix=f"{sys.executable} -m pip install --force-reinstall handrail",
        )
    if around.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        yield Finding(
            what="plain pytest does not load the plugin, and would run gated tests",
            where="PYTEST_DISABLE_PLUGIN_AUTOLOAD is set",
            fix="unset PYTEST_DISABLE_PLUGIN_AUTOLOAD, or pytest -p handrail",
            weight=Weight.NOTE,
        )
    for place, words in _added_options(around):
        if "no:handrail" in words or "-pno:handrail" in words:
            yield Finding(
                what="the plugin is switched off",
                where=f"{place}: {shlex.join(words)}",
                fix="remove -p no:handrail there",
            )


def _added_options(around: Around) -> Iterator[tuple[str, list[str]]]:
    """Options that pytest is always given, and where."""
    yield "PYTEST_ADDOPTS", _words(around.environ.get("PYTEST_ADDOPTS", ""))
    name, settings = pytest_settings(around)
    yield name, _words(settings.get("addopts", ""))


def _words(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(each) for each in value]
    try:
        return shlex.split(str(value))
    except ValueError:
        return str(value).split()


def pytest_settings(around: Around) -> tuple[str, Mapping[str, object]]:
    """The file that pytest reads here, and what it says. Its first find is all that it reads.

    Source: https://docs.pytest.org/en/stable/reference/customize.html
    """
    for name, found in _sources(around):
        if found is not None:
            return name, found
    return "", {}


def _sources(around: Around) -> Iterator[tuple[str, Mapping[str, object] | None]]:
    root = around.root
    for name in ("pytest.toml", ".pytest.toml"):  # of pytest 9
        yield name, _toml_table(root / name)
    for name in ("pytest.ini", ".pytest.ini"):
        yield name, _section(root / name, "pytest", is_always=True)
    tables = around.table("tool", "pytest")
    native = {key: value for key, value in tables.items() if key != "ini_options"}
    yield "pyproject.toml [tool.pytest]", native or None
    yield (
        "pyproject.toml [tool.pytest.ini_options]",
        around.table("tool", "pytest", "ini_options") if "ini_options" in tables else None,
    )
    yield "tox.ini", _section(root / "tox.ini", "pytest")
    yield "setup.cfg", _section(root / "setup.cfg", "tool:pytest")


def _toml_table(path: Path) -> Mapping[str, object] | None:
    """What ``pytest.toml`` says; None if it is not there, or pytest cannot read it either."""
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("pytest", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return table if isinstance(table, dict) else {}


def _section(path: Path, name: str, *, is_always: bool = False) -> Mapping[str, object] | None:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, Error):
        return None
    if parser.has_section(name):
        return dict(parser[name])
    return {} if is_always else None


def shadowing(around: Around) -> Iterator[Finding]:
    """D04, in part: of several configurations of pytest only one counts."""
    there = [name for name, found in _sources(around) if found is not None]
    if len(there) > 1:
        yield Finding(
            what=f"pytest reads {there[0]} and nothing else",
            where="\n".join(f"not read: {name}" for name in there[1:]),
            fix=f"move what is meant into {there[0]}, and remove the rest",
        )


def lock(around: Around) -> Iterator[Finding]:
    """D03: what the project depends on is in its lock file."""
    found = next(
        (path for name in ("uv.lock", "poetry.lock", "pdm.lock", "requirements.lock")
         if (path := around.root / name).exists()),
        None,
    )  # fmt: skip
    if found is None:
        return
    try:
        locked = _locked(found)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        yield Finding(what=f"{found.name} cannot be read", where=str(error), fix=_renew(found.name))
        return
    is_whole = found.name != "requirements.lock"
    missing = sorted(set(_direct(around, is_whole=is_whole)) - locked)
    if missing:
        yield Finding(
            what=f"{found.name} lacks what pyproject.toml depends on",
            where=", ".join(missing),
            fix=_renew(found.name),
        )


def _renew(name: str) -> str:
    tool = name.partition(".")[0]
    if tool == "requirements":
        return f"uv pip compile --universal --generate-hashes pyproject.toml -o {name}"
    return f"{tool} lock"


def _locked(path: Path) -> set[str]:
    text = path.read_text("utf-8")
    if path.name == "requirements.lock":
        lines = (line for line in text.splitlines() if line[:1].isalnum())
        return {_normal(found[0]) for line in lines if (found := _NAME.match(line))}
    packages = tomllib.loads(text).get("package", [])
    return {_normal(str(each.get("name", ""))) for each in packages if isinstance(each, dict)}


def _direct(around: Around, *, is_whole: bool) -> Iterator[str]:
    """Names that ``[project]`` asks for; ``is_whole``: its extras and dependency groups too."""
    project = around.table("project")
    optional = project.get("optional-dependencies", {})
    groups: list[object] = [project.get("dependencies", [])]
    if is_whole:
        groups += list(optional.values()) if isinstance(optional, Mapping) else []
        groups += list(around.table("dependency-groups").values())
    own = _normal(str(project.get("name", "")))
    for each in _texts(groups):
        if (found := _NAME.match(each)) and _normal(found[0]) != own:
            yield _normal(found[0])


def _texts(groups: Iterable[object]) -> Iterator[str]:
    for group in groups:
        yield from (each for each in (group if isinstance(group, list) else ()) if isinstance(each, str))  # fmt: skip


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def strictness(around: Around) -> Iterator[Finding]:
    """D06: where the plugin is missing, a gated test is an error and not run."""
    settings = around.settings
    if settings is None or not settings.is_configured:
        return
    gated = [tier.name for tier in settings.tiers if tier.gate]
    if not gated:
        return
    name, found = pytest_settings(around)
    words = _words(found.get("addopts", ""))
    is_strict = any(str(found.get(key, "")).lower() in {"true", "1", "yes", "on"}
                    for key in ("strict", "strict_markers"))  # fmt: skip
    if not (is_strict or "--strict-markers" in words or "--strict" in words):
        where = name or "pyproject.toml [tool.pytest.ini_options]"
        yield Finding(
            what=f"without the plugin, pytest would run the gated tests of {', '.join(gated)}",
            where=f"{where} does not make unknown markers errors",
            fix=f'write addopts = ["--strict-markers"] into {where}',
        )


def clashes(around: Around) -> Iterator[Finding]:
    """D12: no plugin that schedules or reorders tests by itself."""
    installed = {_normal(each.name) for each in importlib.metadata.distributions() if each.name}
    for name in sorted(installed & set(_CLASHES)):
        yield Finding(
            what=f"{name} clashes with parallel runs: {_CLASHES[name]}",
            fix=f"{sys.executable} -m pip uninstall {name}",
        )
    for place, words in _added_options(around):
        if any(re.fullmatch(r"(-n|--numprocesses)(=?\d+|=?auto)?", word) for word in words):
            yield Finding(
                what="pytest-xdist is always asked for: plain pytest starts its workers",
                where=f"{place}: {shlex.join(words)}",
                fix=f"remove -n from {place}: handrail run is parallel by itself",
                weight=Weight.NOTE,
            )
