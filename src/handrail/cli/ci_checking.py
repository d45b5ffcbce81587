"""``handrail ci check``: drift, faults of workflows, tests that no stage runs."""

import argparse
import json
from collections.abc import Mapping, Sequence

from handrail.ci import dependabot, github, gitlab
from handrail.ci.catalogue import FAULTS
from handrail.ci.covering import Proof, prove, runs_of, runs_of_stages
from handrail.ci.drifting import drift
from handrail.ci.generated import is_ours
from handrail.ci.linting import Linted, lint
from handrail.ci.places import generated_places, provider_of
from handrail.ci.stages import Job, Staged
from handrail.ci.workflows import Finding
from handrail.cli.ci_files import stages_of
from handrail.cli.ci_public import public_findings
from handrail.cli.ci_suite import suite_of
from handrail.errors import ExitCode
from handrail.wiring import Wiring, wire

_CONFIGURATION = "pyproject.toml"


def check(arguments: argparse.Namespace) -> ExitCode:
    """Print every fault. Exit 1 if there is one."""
    wiring = wire(arguments.folder)
    provider = arguments.provider or provider_of(wiring.root)
    project, stages = stages_of(wiring)
    there = generated_places(wiring.root, provider)
    linted = lint(_workflows(there))
    found = [*linted.findings]
    is_generated = bool(wiring.settings.stages) or any(map(is_ours, there.values()))
    if is_generated:
        found += drift(provider, project, stages, there)
    proof = None
    notes = list(stages.notes)
    if arguments.is_uncollected:
        notes.append("not collected: W20 was not looked for")
    else:
        proof = _proof(wiring, provider, stages, linted, is_generated=is_generated)
        if proof is None:
            notes.append("no workflow runs handrail, or pytest without a selection: no W20")
        else:
            found += proof.findings
            notes += [f"{n} tests not in CI: {reason}" for reason, n in proof.withheld.items()]
    if not arguments.is_own:
        found += public_findings(wiring.root, sorted(there), notes)
    _print(arguments, found, linted, proof, notes)
    return ExitCode.FAILED if found else ExitCode.PASSED


def _workflows(there: Mapping[str, str]) -> dict[str, str]:
    return {path: text for path, text in there.items() if path != dependabot.PATH}


def _proof(
    wiring: Wiring, provider: str, stages: Staged, linted: Linted, *, is_generated: bool
) -> Proof | None:
    """None if nothing can be said: what runs the tests there is not known."""
    suite = suite_of(wiring)
    home = gitlab if provider == "gitlab" else github
    claims: dict[str, Job] = {home.path_of(job): job for job in stages.jobs}
    if provider == "gitlab":
        ran = runs_of_stages(claims, suite) if is_generated else []
    else:
        ran = runs_of(linted.workflows, suite)
    there = {each.path for each in ran}
    own = {path: job for path, job in claims.items() if path in there}
    return prove(suite, ran, own, _CONFIGURATION) if ran else None


def _print(
    arguments: argparse.Namespace,
    found: Sequence[Finding],
    linted: Linted,
    proof: Proof | None,
    notes: Sequence[str],
) -> None:
    if arguments.is_json:
        tests = None if proof is None else {"all": proof.tests, "in_a_stage": proof.covered}
        document = {
            "schema": "handrail.ci-check/1",
            "findings": [_described(each) for each in found],
            "ignored": linted.ignored,
            "workflows": [each.path for each in linted.workflows],
            "tests": tests,
            "notes": list(notes),
        }
        print(json.dumps(document, indent=2))
        return
    for each in found:
        print(f"{each.path}:{each.line}: {each.code} {each.what}")
        print(f"    fix: {each.fix}")
    for note in notes:
        print(f"note: {note}")
    count = len(found)
    parts = [
        f"{len(linted.workflows)} workflows",
        f"{count} finding{'' if count == 1 else 's'}",
    ]
    parts += [f"{linted.ignored} excused"] if linted.ignored else []
    parts += [f"{proof.covered} of {proof.tests} tests in a stage"] if proof else []
    print(" | ".join(parts))
    if found:
        print(f"handrail ci explain {found[0].code} says why")


def _described(each: Finding) -> dict[str, object]:
    title = FAULTS.get(each.code, (each.code, ""))[0]
    return {
        "code": each.code,
        "title": title,
        "path": each.path,
        "line": each.line,
        "what": each.what,
        "fix": each.fix,
    }
