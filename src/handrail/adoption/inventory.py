"""What a project has, as far as ``init`` looks at it; and what its configuration says. No I/O."""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error

from handrail.adoption.sources import Source
from handrail.frozen import dataclass, field

COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_TOML = ("pytest.toml", ".pytest.toml")
"""Of pytest 9."""
_INI = (("pytest.ini", "pytest"), (".pytest.ini", "pytest"))
_LATER_INI = (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Files by their paths from the root, ends of lines as they are."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Those that configure something. What is not UTF-8 is not among them, but among the ``unreadable``."""
    unreadable: frozenset[str] = frozenset()
    sources: tuple[Source, ...] = ()
    """Test modules and conftests."""
    durations: Mapping[str, float] = field(default_factory=dict)
    """Usual seconds of each test that history knows."""
    is_git: bool = False

    def toml(self, path: str = "pyproject.toml") -> Mapping[str, object]:
        """What it says; nothing, if it is not there or not valid."""
        try:
            return tomllib.loads(self.files.get(path, ""))
        except ValueError:
            return {}

    @property
    def markers(self) -> frozenset[str]:
        """Those that tests use."""
        return frozenset().union(*(source.markers for source in self.sources))

    @property
    def imports(self) -> frozenset[str]:
        """Packages that tests import."""
        return frozenset().union(*(source.imports for source in self.sources))


def table(document: Mapping[str, object], *names: str) -> Mapping[str, object]:
    """A table inside a document; empty if there is none."""
    found: object = document
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PytestSettings:
    """What pytest is configured by."""

    path: str
    section: str
    """As its header is written, without the brackets."""
    values: Mapping[str, object]

    @property
    def where(self) -> str:
        """For people."""
        return f"{self.path} [{self.section}]"

    @property
    def words(self) -> list[str]:
        """Of ``addopts``."""
        value = self.values.get("addopts", "")
        if isinstance(value, list):
            return [str(each) for each in value]
        try:
            return shlex.split(str(value))
        except ValueError:
            return str(value).split()


def pytest_settings(inventory: Inventory) -> Iterator[PytestSettings]:
    """All there are, first the one that pytest reads: it reads no other.

    Source: https://docs.pytest.org/en/stable/reference/customize.html
    """
    for path in _TOML:
        if path in inventory.files:
            values_there = table(inventory.toml(path), "pytest")
            yield PytestSettings(path=path, section="pytest", values=values_there)
    for path, section in _INI:
        values = ini_section(inventory.files.get(path), section)
        if path in inventory.files:
            yield PytestSettings(path=path, section=section, values=values or {})
    ours = table(inventory.toml(), "tool", "pytest")
    native = {name: value for name, value in ours.items() if name != "ini_options"}
    if native:
        yield PytestSettings(path="pyproject.toml", section="tool.pytest", values=native)
    if "ini_options" in ours:
        inner = table(ours, "ini_options")
        yield PytestSettings(path="pyproject.toml", section="tool.pytest.ini_options", values=inner)
    for path, section in _LATER_INI:
        values = ini_section(inventory.files.get(path), section)
        if values is not None:
            yield PytestSettings(path=path, section=section, values=values)


def ini_section(text: str | None, name: str) -> Mapping[str, str] | None:
    """A section of an ini file, or None if there is none that can be read."""
    if text is None:
        return None
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except Error:
        return None
    return dict(parser[name]) if parser.has_section(name) else None


def images(text: str) -> Iterator[tuple[str, str]]:
    """Services of a compose file and their images. Reads what people write, not all of YAML."""
    is_inside, depth, service = False, -1, ""
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            is_inside, depth = bare == "services:", -1
        elif is_inside:
            depth = indent if depth < 0 else depth
            key, _, value = bare.partition(":")
            if indent == depth:
                service = key.strip("'\"")
            elif key == "image" and (found := re.match(r"\s*[\"']?([^\s\"'#]+)", value)):
                yield service, found[1]
