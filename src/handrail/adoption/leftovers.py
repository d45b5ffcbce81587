"""What other ways to run tests have left in a project, and the page that says what replaces it. No I/O."""

import re
from collections.abc import Iterator

from handrail.adoption.changes import Note
from handrail.adoption.inventory import Inventory, PytestSettings, pytest_settings
from handrail.adoption.sources import Leftover

_IN_SOURCES: dict[Leftover, tuple[str, str]] = {
    Leftover.ADVISORY_LOCK: (
        "advisory locks keep tests apart that can have databases of their own",
        "docs/how-to/migrate-from-a-shared-database.md",
    ),
    Leftover.XDIST_GROUP: (
        "xdist_group binds tests to one worker; name what they share instead",
        "docs/how-to/exclusive-resources.md",
    ),
    Leftover.SLEEP: (
        "a fixture or a conftest sleeps; a service that Handrail starts is ready when a test has it",
        "docs/how-to/services.md",
    ),
    Leftover.RERUNS: (
        "flaky(reruns=...) hides what fails at times; retries of Handrail show it",
        "docs/how-to/flaky-tests.md",
    ),
}
_OPTIONS: tuple[tuple[str, str, str], ...] = (
    (
        r"--timeout(-method)?(=.*)?",
        "a time limit of pytest-timeout",
        "docs/how-to/migrate-from-pytest-timeout.md",
    ),
    (r"--reruns(-delay)?(=.*)?", "retries of pytest-rerunfailures", "docs/how-to/flaky-tests.md"),
    (
        r"--dist(=.*)?",
        "a distribution of pytest-xdist; Handrail keeps modules together itself",
        "docs/how-to/migrate-from-xdist.md",
    ),
    (
        r"(-n|--numprocesses)(=?\d+|=?auto|=?logical)?",
        "workers of pytest-xdist; handrail run is parallel by itself",
        "docs/how-to/migrate-from-xdist.md",
    ),
    (
        r"-m(=?.+)?",
        "a selection that pytest always makes; tiers do that and say what they withheld",
        "docs/how-to/tiers-and-gates.md",
    ),
)
_KEYS: tuple[tuple[str, str, str], ...] = (
    ("timeout", *_OPTIONS[0][1:]),
    ("timeout_method", *_OPTIONS[0][1:]),
    ("reruns", *_OPTIONS[1][1:]),
)
_COMMANDS = re.compile(r"--dist[= ]\s*loadgroup")
_COMMAND_FILES = re.compile(r"(^|/)(Makefile|[jJ]ustfile|tox\.ini|noxfile\.py|[^/]*\.ya?ml)$")


def leftovers(inventory: Inventory) -> Iterator[Note]:
    """One note for each kind, with all its places."""
    for kind, (what, page) in _IN_SOURCES.items():
        where = [
            f"{source.path}:{line}"
            for source in inventory.sources
            for found, line in source.leftovers
            if found is kind
        ]
        if where:
            yield Note(what=what, where="\n".join(where), page=page)
    for settings in pytest_settings(inventory):
        yield from _in_settings(settings)
        break  # pytest reads no other
    where = [
        f"{path}:{number}"
        for path, text in inventory.files.items()
        if _COMMAND_FILES.search(path)
        for number, line in enumerate(text.splitlines(), 1)
        if _COMMANDS.search(line)
    ]
    if where:
        what, page = _IN_SOURCES[Leftover.XDIST_GROUP][0], "docs/how-to/migrate-from-xdist.md"
        yield Note(what=f"--dist loadgroup: {what}", where="\n".join(where), page=page)


def _in_settings(settings: PytestSettings) -> Iterator[Note]:
    for key, what, page in _KEYS:
        if key in settings.values:
            shown = f"{settings.where}: {key} = {settings.values[key]}"
            yield Note(what=what, where=shown, page=page)
    for word in settings.words:
        for pattern, what, page in _OPTIONS:
            if re.fullmatch(pattern, word):
                yield Note(what=what, where=f"{settings.where}: addopts has {word}", page=page)
