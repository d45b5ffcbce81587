"""``handrail doctor``: look at this machine and this project, and say what to type."""

import argparse
import json
import tomllib
from collections.abc import Mapping
from typing import Any

from handrail.config.problems import ConfigError
from handrail.doctor.checks import CHECKS, examine
from handrail.doctor.findings import Around, Check, Finding, Weight
from handrail.errors import ExitCode, UsageError
from handrail.wiring import Wiring, wire


def doctor(arguments: argparse.Namespace) -> ExitCode:
    """Print what is wrong. Exit 1 if there is a problem that was not mended."""
    known = [check.code for check in CHECKS]
    if unknown := [code for code in arguments.codes if code not in known]:
        raise UsageError(
            f"there is no check {', '.join(unknown)}", where=f"checks: {', '.join(known)}"
        )
    around = around_of(wire(arguments.folder))
    found = [
        (check, finding, arguments.is_fixing and _mended(finding))
        for check, findings in examine(around, arguments.codes, is_deep=arguments.is_deep)
        for finding in findings
    ]
    if arguments.is_json:
        print(json.dumps({"schema": "handrail.doctor/1", "findings": [_json(*each) for each in found]}))  # fmt: skip
    else:
        for each in found:
            print(_text(*each))
        count = len(arguments.codes or known)
        print(_summary(found, count))
    left = any(finding.weight is Weight.PROBLEM and not done for _, finding, done in found)
    return ExitCode.FAILED if left else ExitCode.PASSED


def around_of(wiring: Wiring) -> Around:
    """What checks look at. Nothing is created."""
    try:
        settings = wiring.settings
        state = wiring.root / settings.state
    except (ConfigError, UsageError):  # that is a finding
        settings, state = None, wiring.root / ".handrail"
    return Around(
        root=wiring.root,
        environ=wiring.environ,
        settings=settings,
        document=_document(wiring),
        state=state,
    )


def _document(wiring: Wiring) -> Mapping[str, Any]:
    try:
        return tomllib.loads((wiring.root / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _mended(finding: Finding) -> bool:
    if finding.repair is None:
        return False
    finding.repair()
    return True


def _text(check: Check, finding: Finding, is_mended: bool) -> str:
    weight = "mended" if is_mended else finding.weight.value
    lines = [f"{check.code} {weight:8} {finding.what}"]
    lines += [f"             {line}" for line in finding.where.splitlines()]
    if finding.fix and not is_mended:
        lines.append(f"             fix: {finding.fix}")
    return "\n".join(lines)


def _summary(found: list[tuple[Check, Finding, bool]], count: int) -> str:
    mended = sum(done for _, _, done in found)
    problems = sum(f.weight is Weight.PROBLEM and not done for _, f, done in found)
    notes = len(found) - mended - problems
    safe = sum(f.repair is not None and not done for _, f, done in found)
    parts = [_many(count, "check"), _many(problems, "problem"), _many(notes, "note")]
    parts += [f"{mended} mended"] if mended else []
    parts += [f"handrail doctor --fix mends {safe}"] if safe else []
    return " | ".join(parts)


def _many(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"


def _json(check: Check, finding: Finding, is_mended: bool) -> dict[str, object]:
    return {
        "check": check.code,
        "title": check.title,
        "weight": finding.weight.value,
        "what": finding.what,
        "where": finding.where.splitlines(),
        "fix": finding.fix,
        "can_be_fixed": finding.repair is not None,
        "is_fixed": is_mended,
    }
