"""``handrail init``: what suits this project, as one diff; written when somebody says so."""

import argparse
import json
import sys
from collections.abc import Mapping

from handrail.adoption.changes import Change, Note, Proposal, diff
from handrail.adoption.inventory import Inventory
from handrail.cli.arguments import Parser, add_json, lazily
from handrail.errors import ExitCode, UsageError, UserError
from handrail.frozen import replace
from handrail.wiring import Wiring, wire

_ABOUT = {
    "pytest-ini": "move pytest's settings into pyproject.toml, if the same tests are collected",
    "strict": "strict = true for pytest 9, if the same tests are collected",
    "make": "targets for tasks in the Makefile",
    "just": "the same as recipes in the justfile",
    "requirements": "requirements*.txt as dependencies and groups, with uv's lock, if the same set is resolved",
}


def fill_init(init: Parser) -> None:
    """Options of ``handrail init``."""
    init.description = (
        "Look at this project and propose a configuration, lines of .gitignore and a block for AGENTS.md, as "
        "one diff. Nothing is written before somebody says so, and only into marked blocks."
    )
    init.set_defaults(command=lazily("handrail.cli.initialising", "init"))
    for part, about in _ABOUT.items():
        init.add_argument(
            f"--{part}",
            dest="parts",
            action="append_const",
            const=part,
            help=f"only this: {about}",
        )
    init.add_argument("--yes", dest="is_sure", action="store_true", help="write it")
    init.add_argument(
        "--undo", dest="is_undoing", action="store_true", help="take every block out again"
    )
    add_json(init)


def init(arguments: argparse.Namespace) -> ExitCode:
    """Show the diff; write it if that is wanted."""
    wiring = wire(arguments.folder)
    proposal = _proven(wiring, _proposal(arguments, wiring))
    if not arguments.is_json:
        _show(proposal)
    is_applied = bool(proposal.changes) and (arguments.is_sure or _is_agreed(arguments))
    if is_applied:
        from handrail.adoption.writing import apply

        apply(wiring.root, proposal.changes)
    if arguments.is_json:
        print(json.dumps(_json(proposal, is_applied=is_applied), indent=2))
    else:
        _say_outcome(arguments, proposal, is_applied=is_applied)
    return ExitCode.PASSED


def _proposal(arguments: argparse.Namespace, wiring: Wiring) -> Proposal:
    from handrail.adoption import planning

    parts = arguments.parts or []
    if arguments.is_undoing and parts:
        raise UsageError("--undo takes every block out", hint="handrail init --undo")
    if len(parts) > 1:
        raise UsageError("one thing at a time", hint=f"handrail init --{parts[0]}")
    inventory = _inventory(wiring)
    if arguments.is_undoing:
        return planning.undoing(inventory)
    proposal = _PARTS[parts[0]](wiring, inventory) if parts else planning.proposal(inventory)
    planning.check_readable(proposal, inventory)
    return proposal


def _moved(_: Wiring, inventory: Inventory) -> Proposal:
    from handrail.adoption.migrating import moved

    return moved(inventory)


def _strict(_: Wiring, inventory: Inventory) -> Proposal:
    import importlib.metadata

    from handrail.adoption.migrating import strict

    try:
        version = importlib.metadata.version("pytest")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    return strict(
        inventory, tuple(int(each) for each in version.split(".")[:2] if each.isdecimal())
    )


def _make(wiring: Wiring, inventory: Inventory) -> Proposal:
    from handrail.adoption.targets import makefile

    return makefile(inventory, wiring.settings)


def _just(wiring: Wiring, inventory: Inventory) -> Proposal:
    from handrail.adoption.targets import justfile

    return justfile(inventory, wiring.settings)


def _requirements(wiring: Wiring, inventory: Inventory) -> Proposal:
    from handrail.adoption.requirements import found, moved

    python = ".".join(map(str, sys.version_info[:2]))
    proposal = moved(inventory, name=wiring.root.name, python=python)
    if not proposal.changes:
        return proposal
    from handrail.adoption.resolving import locked

    lock, proof = locked(wiring.root, proposal.changes, found(inventory), wiring.environ, python)
    changes = (*proposal.changes, *([lock] if lock.before != lock.after else []))
    return replace(proposal, changes=changes, proof=proof)


_PARTS = {
    "pytest-ini": _moved,
    "strict": _strict,
    "make": _make,
    "just": _just,
    "requirements": _requirements,
}
"""What is done alone, where it is asked for."""


def _proven(wiring: Wiring, proposal: Proposal) -> Proposal:
    """With the proof that the same tests are collected, if the change needs one."""
    if not (proposal.is_to_be_proven and proposal.changes):
        return proposal
    from handrail.adoption.proving import prove

    count = prove(wiring.root, proposal.changes, wiring.environ)
    proof = f"the same {count} tests are collected before and after, in a copy"
    return replace(proposal, proof=proof)


def _inventory(wiring: Wiring) -> Inventory:
    from handrail.adoption.reading import read

    return read(wiring.root, _durations(wiring))


def _durations(wiring: Wiring) -> Mapping[str, float]:
    """Of each test, if there is a history; none is made."""
    try:
        if not (wiring.root / wiring.settings.state / "history.db").exists():
            return {}
        return wiring.history.durations()
    except UserError:  # without a history that can be read, limits are the usual ones
        return {}


def _show(proposal: Proposal) -> None:
    sys.stdout.write(diff(proposal.changes))
    sys.stdout.flush()
    for note in proposal.notes:
        print(f"note: {note.what}", file=sys.stderr)
        for line in (*note.where.splitlines(), note.page):
            if line:
                print(f"  {line}", file=sys.stderr)
    if proposal.proof:
        print(f"proof: {proposal.proof}", file=sys.stderr)


def _is_agreed(arguments: argparse.Namespace) -> bool:
    """Whether a person at a terminal says so; nobody else is asked."""
    if arguments.is_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return input("Apply? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _say_outcome(arguments: argparse.Namespace, proposal: Proposal, *, is_applied: bool) -> None:
    if not proposal.changes:
        print("nothing to do")
        return
    paths = ", ".join(f"{each.path} ({each.why})" for each in proposal.changes)
    if is_applied:
        print(f"written: {paths}")
        return
    again = " ".join(("handrail", *arguments.given, "--yes"))
    print(f"would {'undo' if arguments.is_undoing else 'write'}: {paths}", file=sys.stderr)
    print(f"nothing was written; next: {again}", file=sys.stderr)


def _json(proposal: Proposal, *, is_applied: bool) -> Mapping[str, object]:
    return {
        "schema": "handrail.init/1",
        "is_applied": is_applied,
        "changes": [_change(each) for each in proposal.changes],
        "proof": proposal.proof,
        "notes": [_note(each) for each in proposal.notes],
    }


def _change(change: Change) -> Mapping[str, object]:
    return {
        "path": change.path,
        "action": change.action,
        "why": change.why,
        "diff": diff([change]),
    }


def _note(note: Note) -> Mapping[str, object]:
    return {"what": note.what, "where": note.where.splitlines(), "page": note.page}
