"""What ``init`` proposes for a project: changes of files, and notes. No I/O."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handrail.adoption.blocks import HASH, HTML, SAYS, Fence, appended, fenced, removed, renewed
from handrail.adoption.changes import Change, Note, Proposal
from handrail.adoption.configuring import configuration
from handrail.adoption.inventory import Inventory, table
from handrail.adoption.leftovers import leftovers
from handrail.config.loading import load_settings
from handrail.errors import UserError
from handrail.model.handbook import AGENTS_MD

PYPROJECT = "pyproject.toml"
_HANDBOOKS = ("AGENTS.md", "CLAUDE.md")
_FENCES: Mapping[str, Fence] = {
    PYPROJECT: HASH,
    ".gitignore": HASH,
    "pytest.toml": HASH,
    ".pytest.toml": HASH,
    "pytest.ini": HASH,
    ".pytest.ini": HASH,
    "tox.ini": HASH,
    "setup.cfg": HASH,
    "Makefile": HASH,
    "makefile": HASH,
    "GNUmakefile": HASH,
    "justfile": HASH,
    "Justfile": HASH,
    ".justfile": HASH,
    "AGENTS.md": HTML,
    "CLAUDE.md": HTML,
}
"""Every file that may hold a block of ours."""


class CannotAddError(UserError):
    """A file of the project cannot take a block without being changed elsewhere; nothing is written."""

    reference = "cannot-add"


def proposal(inventory: Inventory) -> Proposal:
    """Configuration, ``.gitignore`` and the page for agents; and what the project could do without.

    Raises: CannotAddError.
    """
    found = [*_configuration(inventory), *_ignored(inventory), *_handbook(inventory)]
    changes = [each for each in found if isinstance(each, Change)]
    notes = [each for each in found if isinstance(each, Note)]
    return Proposal(changes=tuple(changes), notes=(*notes, *leftovers(inventory)))


def check_readable(proposal: Proposal, inventory: Inventory) -> None:
    """That nothing is put in place of a file that could not be read. Raises: CannotAddError."""
    paths = [each.path for each in proposal.changes if each.path in inventory.unreadable]
    if paths:
        raise CannotAddError(
            "files cannot be changed that cannot be read as UTF-8 text",
            where="\n".join(paths),
            hint=f"file {paths[0]}; save it as UTF-8",
        )


def undoing(inventory: Inventory) -> Proposal:
    """Every block taken out again."""
    changes = [
        Change(path=path, before=text, after=removed(text, fence), why="the block goes")
        for path, fence in _FENCES.items()
        if (text := inventory.files.get(path)) is not None and fence.found_in(text)
    ]
    return Proposal(changes=tuple(changes))


def _configuration(inventory: Inventory) -> Iterator[Change | Note]:
    before = inventory.files.get(PYPROJECT)
    document = parsed(before)
    if "handrail" in table(document, "tool"):
        if before is not None and HASH.found_in(before) is None:
            yield Note(what="[tool.handrail] is there already: left as it is", where=PYPROJECT)
        return
    after = appended(before, fenced(configuration(inventory), SAYS))
    check_toml(document, after)
    yield Change(path=PYPROJECT, before=before, after=after, why="tiers, services and stages")


def parsed(text: str | None) -> dict[str, Any]:
    """``pyproject.toml`` as it is. Raises: CannotAddError if it is not valid."""
    try:
        return tomllib.loads(text or "")
    except ValueError as problem:
        raise CannotAddError(
            "pyproject.toml is not valid TOML",
            where=f"{PYPROJECT}: {problem}",
            hint="mend it first: handrail config check",
        ) from None


def check_toml(before: Mapping[str, Any], after: str) -> None:
    """That nothing but our own table differs, and that it can be used.

    Raises: CannotAddError, ConfigError.
    """
    try:
        now = tomllib.loads(after)
    except ValueError as problem:
        raise CannotAddError(
            "[tool.handrail] cannot be added below what is there",
            where=f"{PYPROJECT}: {problem}",
            hint="write `tool` as [tool.NAME] tables, not as an inline table",
        ) from None
    if without_ours(now) != without_ours(before):
        raise CannotAddError(
            "[tool.handrail] cannot be added without changing what is there",
            where=PYPROJECT,
            hint="add it by hand: handrail config schema says what it may hold",
        )
    load_settings(after)


def without_ours(document: Mapping[str, Any]) -> dict[str, Any]:
    """Everything but ``tool.handrail``; a ``tool`` that holds nothing else is no table at all."""
    rest = dict(document)
    tools = {name: each for name, each in table(rest, "tool").items() if name != "handrail"}
    rest.pop("tool", None)
    return rest | ({"tool": tools} if tools else {})


def _ignored(inventory: Inventory) -> Iterator[Change]:
    before = inventory.files.get(".gitignore")
    if before is None and not inventory.is_git:
        return
    lines = {line.strip().strip("/") for line in (before or "").splitlines()}
    if ".handrail" not in lines:
        after = appended(before, fenced([".handrail/"]))
        yield Change(
            path=".gitignore", before=before, after=after, why="runs and history stay here"
        )


def _handbook(inventory: Inventory) -> Iterator[Change]:
    path = next((each for each in _HANDBOOKS if each in inventory.files), _HANDBOOKS[0])
    before = inventory.files.get(path)
    block: Sequence[str] = AGENTS_MD.splitlines()
    if before is not None and HTML.found_in(before):
        after = renewed(before, HTML, block)
    else:
        after = appended(before, block)
    if after != before:
        yield Change(path=path, before=before, after=after, why="how agents run tests here")
