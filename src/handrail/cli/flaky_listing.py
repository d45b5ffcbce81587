"""``handrail flaky list``: what history knows about tests that give different answers."""

import argparse
import json

from handrail.core.flakiness import Flakiness, assess, evidence, flakiest
from handrail.core.suspecting import Suspect, said, suspects
from handrail.errors import ExitCode, UsageError
from handrail.wiring import wire


def flaky(arguments: argparse.Namespace) -> ExitCode:
    """List the flaky tests, or what is known about one."""
    history = wire(arguments.folder).history
    if arguments.test:
        seen = history.seen([arguments.test], last=arguments.last)
        if arguments.test not in seen:
            raise UsageError(
                f"history knows no test {arguments.test}",
                hint="give its whole node id, as `handrail report --format json --tests` shows it",
            )
    else:
        seen = history.failing(last=arguments.last)
    assessed = [assess(test, each.outcomes, each.codes) for test, each in seen.items()]
    found = assessed if arguments.test else flakiest(assessed)

    def by_backend(test: str) -> tuple[Suspect, ...]:
        return suspects(seen[test].outcomes, seen[test].services)

    if arguments.is_json:
        shown = [_document(each, by_backend(each.test)) for each in found]
        print(json.dumps({"schema": "handrail.flaky/1", "tests": shown}))
        return ExitCode.PASSED
    for each in found:
        print("\n".join([_line(each), *(f"  {said(one)}" for one in by_backend(each.test))]))
    if not found:
        print("no flaky test is known")
    return ExitCode.PASSED


def _line(found: Flakiness) -> str:
    interval = f"{found.low:.1%} to {found.high:.1%}"
    return (
        f"{found.test}\n  {found.certainty}: {found.rate:.1%} fail ({interval}); {evidence(found)}"
    )


def _document(found: Flakiness, suspected: tuple[Suspect, ...]) -> dict[str, object]:
    return {
        "test": found.test,
        "certainty": found.certainty.value,
        "rate": round(found.rate, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
        "attempts": found.attempts,
        "failures": found.failures,
        "changes": found.changes,
        "proofs": list(found.proofs),
        "codes": found.codes,
        "evidence": evidence(found),
        "outcomes": list(found.outcomes),
        "backends": [
            {
                "backend": each.backend,
                "failures": each.failures,
                "attempts": each.attempts,
                "other_failures": each.other_failures,
                "other_attempts": each.other_attempts,
            }
            for each in suspected
        ],
    }
