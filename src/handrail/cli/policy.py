"""``tiers``, ``allow`` and ``config``: what may run here, and why."""

import argparse
import getpass
import json
import sys
import time
from typing import Any

from handrail.core.policy import Plan, place_of, plan
from handrail.errors import ExitCode, RefusedError, UsageError
from handrail.model.surroundings import is_agent
from handrail.model.tiers import Place, Tier
from handrail.model.units import format_duration
from handrail.wiring import Wiring, wire


def tiers(arguments: argparse.Namespace) -> ExitCode:
    """Show every tier, whether it may run here, and how to open it where it may not."""
    wiring = wire(arguments.folder)
    chosen = plan(wiring.settings, (), wiring.circumstances())
    described = [_described(tier, chosen) for tier in wiring.settings.tiers]
    if arguments.is_json:
        document = {"schema": "handrail.tiers/1", "place": chosen.place.value, "tiers": described}
        print(json.dumps(document, indent=2))
        return ExitCode.PASSED
    origin = "" if wiring.settings.is_configured else " (built in: this project configures none)"
    print(f"place: {chosen.place}{origin}")
    for each in described:
        print(f"{each['state']:8} {each['name']:15} {each['select'] or 'every test'}")
        if each["reason"]:
            way = f"; {each['open_with']}" if each["open_with"] else ""
            print(f"{'':24} {each['reason']}{way}")
    return ExitCode.PASSED


def _described(tier: Tier, chosen: Plan) -> dict[str, Any]:
    refusal = next((each for each in chosen.refused if each.tier == tier.name), None)
    runs = any(each.name == tier.name for each in chosen.chosen)
    state = "refused" if refusal else "runs" if runs else "by name"
    return {
        "name": tier.name,
        "about": tier.about,
        "select": tier.select,
        "state": state,
        "budget_s": tier.budget_s,
        "timeout_s": tier.timeout_s,
        "gate": tier.gate,
        "reason": refusal.reason if refusal else "",
        "open_with": refusal.open_with if refusal else f"handrail run --tier {tier.name}",
    }


class NotAPersonError(RefusedError):
    """A gate was to be opened by something that is not at a terminal."""

    reference = "not-a-person"


def allow(arguments: argparse.Namespace) -> ExitCode:
    """Open a gate until it expires. Refused to whatever is not a person at a terminal."""
    wiring = wire(arguments.folder)
    name: str = arguments.gate
    known = [gate.name for gate in wiring.settings.gates]
    if name not in known:
        raise UsageError(
            f"no gate is named {name}",
            where=f"gates: {', '.join(known) or 'none'}",
            hint="handrail tiers",
        )
    if arguments.revoke:
        wiring.grants.revoke(name)
        print(f"gate {name} is closed")
        return ExitCode.PASSED
    _check_person(wiring, name)
    gate = wiring.settings.gate(name)
    gated = ", ".join(tier.name for tier in wiring.settings.tiers if tier.gate == name)
    print(f"This opens the gate {name} for {format_duration(gate.expires_s)}; behind it: {gated}.")
    if input(f"Type {name} to open it: ").strip() != name:
        raise NotAPersonError(f"gate {name} stays closed", hint=f"type its name: {name}")
    now = time.time()
    wiring.state.folder.prepare()
    wiring.grants.grant(name, until=now + gate.expires_s, by=getpass.getuser(), at=now)
    print(f"gate {name} is open for {format_duration(gate.expires_s)}")
    return ExitCode.PASSED


def _check_person(wiring: Wiring, name: str) -> None:
    here = place_of(wiring.environ)
    is_person = here is Place.LOCAL and not is_agent(wiring.environ)
    if not is_person or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NotAPersonError(
            f"gate {name} can only be opened by a person at a terminal",
            where=f"place: {here}; agent: {'yes' if is_agent(wiring.environ) else 'no'}; "
            f"terminal: {'yes' if sys.stdin.isatty() and sys.stdout.isatty() else 'no'}",
            hint=f"ask a person to run: handrail allow {name}",
        )


def config(arguments: argparse.Namespace) -> ExitCode:
    """Show the settings with their origins, or the schema, or only check."""
    from handrail.config import showing

    if arguments.what == "schema":
        print(json.dumps(showing.schema(), indent=2))
        return ExitCode.PASSED
    settings = wire(arguments.folder).settings
    if arguments.what == "show":
        print(showing.show(settings))
    else:
        print("configuration is valid")
    return ExitCode.PASSED
