"""From the text of ``pyproject.toml`` and the environment to settings, with every error at once."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from handrail.config import defaults, references
from handrail.config.keys import SCALARS, SECTIONS, Key, Section, dotted, tables_of
from handrail.config.kinds import InvalidValueError, quoted, shown
from handrail.config.locating import Path, line_of, lines
from handrail.config.nearest import nearest
from handrail.config.problems import ConfigError, ConfigProblem
from handrail.frozen import dataclass, field, replace
from handrail.model.tiers import Service, Settings

Table = Mapping[str, Any]
Values = dict[str, Any]
"""Fields of the model and what they will hold."""

_ROOT: Path = ("tool", "handrail")
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def load_settings(
    text: str | None, *, path: str = "pyproject.toml", environ: Mapping[str, str] = {}
) -> Settings:
    """Read ``[tool.handrail]``; without a file, or without the table, the built-in tiers apply.

    ``HANDRAIL_*`` variables beat the file: also the key of the same name in tiers and overrides.
    Raises: ConfigError, which tells all problems of the file and of the variables.
    """
    document = _document(text or "", path)
    reading = _Reading(path=path, found=lines(text) if text and "handrail" in text else {})
    table = reading.table_in(document)
    scalars = reading.fields(table or {}, (), SCALARS)
    entries = {section.name: reading.entries(table or {}, section) for section in SECTIONS}
    variables = reading.variables(environ)
    reading.check_names(scalars | variables, entries)
    if reading.problems:
        raise ConfigError(sorted(reading.problems, key=reading.position))
    return _settings(reading, scalars, variables, entries, is_configured=table is not None)


def _document(text: str, path: str) -> Table:
    try:
        return tomllib.loads(text)
    except ValueError as problem:  # also numbers that are longer than Python reads
        raise ConfigError([_broken(text, path, str(problem))]) from None


def _broken(text: str, path: str, message: str) -> ConfigProblem:
    found = _PLACE.fullmatch(message)
    said = found[1] if found else message
    rows = text.split("\n")
    row = int(found[2]) if found and found[2] else len(rows)
    column = f":{found[3]}" if found and found[3] else ""
    source = rows[row - 1].strip()
    return ConfigProblem(
        where=f"{path}:{row}{column}",
        text=f"not valid TOML: {said}" + (f"; the line is: {source}" if source else ""),
        fix="look for a missing quote, bracket or = on that line or the one before",
    )


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One pass over the document, which gathers problems and origins as it goes."""

    path: str
    found: Mapping[Path, int]
    problems: list[ConfigProblem] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    """Only what is not a default."""

    def where(self, path: Path) -> str:
        return f"{self.path}:{line_of(self.found, _ROOT + path)}"

    def position(self, problem: ConfigProblem) -> tuple[bool, int]:
        """The file first, by lines; then the environment."""
        line = problem.where.removeprefix(f"{self.path}:")
        return (not line.isdecimal(), int(line) if line.isdecimal() else 0)

    def complain(self, path: Path, text: str, fix: str = "") -> None:
        self.problems.append(
            ConfigProblem(where=self.where(path), key=dotted(_ROOT + path), text=text, fix=fix)
        )

    def table_in(self, document: Table) -> Table | None:
        """``[tool.handrail]``, or None if there is none."""
        tool = document.get("tool", {})
        table = tool.get("handrail") if isinstance(tool, dict) else None
        if table is None or isinstance(table, dict):
            return table
        self.complain((), f"expected a table, got {shown(table)}", "write [tool.handrail]")
        return None

    def fields(self, table: Table, path: Path, keys: Sequence[Key]) -> Values:
        """Read the keys of one table; complain about unknown, missing and invalid ones."""
        known = {key.name: key for key in keys}
        values: Values = {}
        for name, value in table.items():
            if name in known:
                self._read(value, (*path, name), known[name], values)
            elif path or name not in {section.name for section in SECTIONS}:
                self._unknown((*path, name), [*known, *(s.name for s in SECTIONS if not path)])
        for key in keys:
            if key.is_required and key.name not in table:
                self.complain(path, f"{key.name} is missing", f"add {key.name} = ...")
        return values

    def _read(self, value: object, path: Path, key: Key, values: Values) -> None:
        try:
            values[key.field] = key.kind.read(value)
            self.origins[dotted(path)] = self.where(path)
        except InvalidValueError as problem:
            for each in problem.complaints:
                self.complain((*path, *each.at), each.text, each.fix)

    def _unknown(self, path: Path, known: Sequence[str]) -> None:
        name = str(path[-1])
        near = nearest(name, known)
        if near:
            self.complain(path, f"unknown key; nearest: {near}", f"rename {name} to {near}")
        else:
            self.complain(path, f"unknown key; known: {', '.join(known)}")

    def entries(self, table: Table, section: Section) -> list[Values]:
        """Read all tables of one family, in order. Those with problems stay: they may be named."""
        written = table.get(section.name, [] if section.is_list else {})
        header = f"{dotted((*_ROOT, section.name))}"
        if section.is_list and not isinstance(written, list):
            text = f"expected an array of tables, got {shown(written)}"
            self.complain((section.name,), text, f"write [[{header}]]")
            return []
        if not section.is_list and not isinstance(written, dict):
            text = f"expected a table of tables, got {shown(written)}"
            self.complain((section.name,), text, f"write [{header}.NAME]")
            return []
        steps = enumerate(written) if section.is_list else written.items()
        return [self._entry(entry, (section.name, step), section) for step, entry in steps]

    def _entry(self, entry: object, path: Path, section: Section) -> Values:
        name = path[-1]
        values: Values = {} if section.is_list else {"name": name}
        if isinstance(name, str) and not name.strip():
            self.complain(path, f"a {section.one} needs a name")
        if not isinstance(entry, dict):
            self.complain(path, f"expected a table, got {shown(entry)}")
            return values
        return values | self.fields(entry, path, section.keys)

    def variables(self, environ: Mapping[str, str]) -> Values:
        """Read the environment; an empty variable counts as absent."""
        values: Values = {}
        for key in SCALARS:
            text = environ.get(key.variable, "") if key.variable else ""
            if not text:
                continue
            where = f"environment {key.variable}"
            try:
                values[key.field] = key.kind.read(key.kind.from_text(text))
                self.origins[key.name] = where
            except InvalidValueError as problem:
                self.problems += [
                    ConfigProblem(where=where, text=each.text, fix=each.fix)
                    for each in problem.complaints
                ]
        return values

    def check_names(self, scalars: Values, entries: Mapping[str, list[Values]]) -> None:
        """Complain about every tier, gate and service that is named but not defined."""
        tiers = _names(entries["tiers"]) or [tier.name for tier in defaults.TIERS]
        gates = list(
            dict.fromkeys([*_names(entries["gates"]), *(gate.name for gate in defaults.GATES)])
        )
        services = list(dict.fromkeys([*_names(entries["services"]), *defaults.RECIPES]))
        self._check_default_tier(scalars, tiers)
        for tier in entries["tiers"]:
            path: Path = ("tiers", tier["name"])
            if "gate" in tier:
                self._check_name((*path, "gate"), "gate", tier["gate"], gates)
            for service in tier.get("services", ()):
                self._check_name((*path, "services"), "service", service, services)
        self._check_services([Service(**entry) for entry in entries["services"]], services)
        for stage in entries["stages"]:
            for name in stage.get("tiers", ()):
                self._check_name(("stages", stage["name"], "tiers"), "tier", name, tiers)

    def _check_services(self, services: Sequence[Service], known: Sequence[str]) -> None:
        for service in services:
            path: Path = ("services", service.name)
            if not self._has_problem(path):
                self._check_service(service, path, known)
        circle = references.cycle({each.name: references.needs(each) for each in services})
        if circle:
            self.complain(
                ("services", circle[0]),
                f"services need each other: {' needs '.join(circle)}",
                f"remove {{{circle[1]}.url}} from {circle[0]}, or whatever else closes the circle",
            )

    def _check_service(self, service: Service, path: Path, known: Sequence[str]) -> None:
        places = (service.command, service.url, service.compose)
        if not any(places) and service.name not in defaults.RECIPES:
            near = nearest(service.name, defaults.RECIPES)
            kinds = f"nearest: {near}" if near else f"known: {', '.join(defaults.RECIPES)}"
            fix = f"rename {service.name} to {near}" if near else "add command = ... or url = ..."
            self.complain(path, f"no known service, without command and url; {kinds}", fix)
        if service.connections is not None and (
            any(places) or service.name not in defaults.WITH_CONNECTIONS
        ):
            self.complain(
                (*path, "connections"),
                f"only for {', '.join(defaults.WITH_CONNECTIONS)}, where Handrail starts them",
                "remove it",
            )
        if service.ready is not None:
            self._check_ready(service, path)
        keys = {"command": service.command or ""} | {f"env.{k}": v for k, v in service.env}
        for key, text in keys.items():
            at: Path = (*path, *key.split(".", 1))
            for name, what in references.references(text) if service.command else ():
                self._check_name(at, "service", name, known)
                if what != "url":
                    self.complain(
                        at, f"{{{name}.{what}}} is nothing; there is: url", f"write {{{name}.url}}"
                    )

    def _check_ready(self, service: Service, path: Path) -> None:
        rule = service.ready
        if service.command is None:
            self.complain(
                (*path, "ready"), "ready is for services that have a command", "remove it"
            )
        elif rule is not None and (rule.http or rule.tcp) and not references.listens(service):
            self.complain(
                (*path, "ready"),
                "nobody knows where to ask: neither {fd} nor {port} is in command or env",
                "let the command listen at {fd}, or at {host} and {port}",
            )

    def _has_problem(self, path: Path) -> bool:
        key = dotted(_ROOT + path)
        return any(f"{problem.key}.".startswith(f"{key}.") for problem in self.problems)

    def _check_name(self, path: Path, one: str, name: str, known: Sequence[str]) -> None:
        if name not in known:
            text, fix = _undefined(one, name, known)
            self.complain(path, text, fix)

    def _check_default_tier(self, scalars: Values, tiers: Sequence[str]) -> None:
        name = scalars.get("default_tier", Settings().default_tier)
        key = dotted((*_ROOT, "default-tier"))
        if name in tiers or any(problem.key == key for problem in self.problems):
            return
        text, fix = _undefined("tier", name, tiers)
        origin = self.origins.get("default-tier", "")
        if origin.startswith("environment"):
            self.problems.append(ConfigProblem(where=origin, text=text, fix=fix))
        elif origin:
            self.complain(("default-tier",), text, fix)
        else:
            fix = f"add default-tier = {quoted(tiers[0])} to [tool.handrail]"
            self.complain(("default-tier",), f"not set, and {text}", fix)


def _names(entries: list[Values]) -> list[str]:
    return [entry["name"] for entry in entries]


def _undefined(one: str, name: str, known: Sequence[str]) -> tuple[str, str]:
    """What to say about a name that nothing defines, and what to try."""
    table = f"[{dotted((*_ROOT, f'{one}s', name))}]"
    near = nearest(name, known)
    if near:
        return f"no {one} is named {quoted(name)}; nearest: {near}", f"write {quoted(near)}"
    listed = f"; {one}s: {', '.join(known)}" if known else ""
    return f"no {one} is named {quoted(name)}{listed}", f"define it in {table}"


def _settings(
    reading: _Reading,
    scalars: Values,
    variables: Values,
    entries: Mapping[str, list[Values]],
    *,
    is_configured: bool,
) -> Settings:
    built: Values = {
        section.name: tuple(section.build(**values) for values in entries[section.name])
        for section in SECTIONS
    }
    own = {gate.name for gate in built["gates"]}
    built["tiers"] = built["tiers"] or defaults.TIERS
    built["gates"] += tuple(gate for gate in defaults.GATES if gate.name not in own)
    settings = Settings(**(scalars | variables), **built, is_configured=is_configured)
    origins = {
        dotted((*path, key.name)): reading.origins.get(dotted((*path, key.name)), "default")
        for path, _, keys in tables_of(settings)
        for key in keys
    }
    return _with_limits(replace(settings, origins=tuple(origins.items())), variables)


def _with_limits(settings: Settings, variables: Values) -> Settings:
    """Let the limits that the environment sets beat those of tiers and overrides."""
    names = {key.field: key for key in SCALARS if key.field in variables}
    origins = dict(settings.origins)
    changed: dict[str, list[Any]] = {"tiers": [], "overrides": []}
    for path, entry, keys in tables_of(settings):
        if path and path[0] in changed:
            beaten = [key for key in keys if key.field in names and _has(entry, key)]
            changed[str(path[0])].append(
                replace(entry, **{key.field: variables[key.field] for key in beaten})
            )
            for key in beaten:
                origins[dotted((*path, key.name))] = f"environment {names[key.field].variable}"
    both: Values = {name: tuple(each) for name, each in changed.items()}
    return replace(settings, **both, origins=tuple(origins.items()))


def _has(entry: object, key: Key) -> bool:
    return getattr(entry, key.field) is not None
