"""``handrail runs`` and ``clean``: which runs are kept here, and the removal of old ones."""

import argparse
import json
import sys
import time

from handrail.cli import warming
from handrail.cli.standing import Standing
from handrail.errors import ExitCode, StateError
from handrail.frozen import replace
from handrail.model.units import format_size
from handrail.reporters.json_report import rfc3339
from handrail.reporters.lines import plural
from handrail.runs import retention, state_file
from handrail.runs.folder import RunFolder
from handrail.runs.locating import LostStateError
from handrail.wiring import Wiring, wire


def runs(arguments: argparse.Namespace) -> ExitCode:
    """List the runs, the newest first."""
    state = wire(arguments.folder).state.folder
    found = [_described(each) for each in state.runs()]
    if arguments.is_json:
        print(json.dumps({"schema": "handrail.runs/1", "runs": found}))
        return ExitCode.PASSED
    for each in found:
        print(f"{each['run_id']}  {each['changed_at']}  {each['line']}")
    if not found:
        print("no run yet; begin one: handrail run")
    return ExitCode.PASSED


def _described(folder: RunFolder) -> dict[str, object]:
    described: dict[str, object] = {
        "run_id": folder.run_id,
        "changed_at": rfc3339(folder.path.stat().st_mtime),
        "path": str(folder.path),
    }
    try:
        standing = Standing(str(folder.path))
    except LostStateError:
        return {**described, "exit_code": int(ExitCode.INFRA_ERROR), "line": "never began"}
    line = standing.line.replace(f" | run={folder.run_id}", "")
    return {**described, "exit_code": int(standing.exit_code), "line": line}


def clean(arguments: argparse.Namespace) -> ExitCode:
    """Remove old runs, and old attempts from history; say which, and how much room that makes."""
    wiring = wire(arguments.folder)
    state = wiring.state.folder
    limits = retention.Limits()
    if arguments.keep is not None:
        limits = replace(limits, passed=arguments.keep, failed=arguments.keep)
    if arguments.older is not None:
        most = 1_000_000
        limits = replace(limits, passed_age_s=arguments.older, failed_age_s=arguments.older)
        limits = limits if arguments.keep is not None else replace(limits, passed=most, failed=most)
    folders = {each.run_id: each for each in state.runs()}
    protected = {each for each, run in folders.items() if state_file.goes_on(str(run.path))}
    now = time.time()
    measured = {run_id: retention.measure(each, now=now) for run_id, each in folders.items()}
    chosen = retention.to_remove(measured.values(), limits, protected=protected)
    removed = retention.remove([folders[each] for each in chosen])
    forgotten = _forget(wiring, now - arguments.history_s)
    is_warm_ended = warming.end(str(state.root))
    size_bytes = sum(measured[each].size_bytes for each in removed)
    if arguments.is_json:
        ended = {"warm_ended": is_warm_ended}
        document = {"removed": removed, "bytes": size_bytes, "forgotten": forgotten, **ended}
        print(json.dumps(document))
        return ExitCode.PASSED
    for each in removed:
        print(f"removed {each}  {format_size(measured[each].size_bytes)}")
    if is_warm_ended:
        print(warming.ENDED)
    if forgotten:
        print(
            f"removed {plural(forgotten, 'attempt')} from history; what is known of their tests is kept"
        )
    kept = len(folders) - len(removed)
    print(f"removed {len(removed)} runs, {format_size(size_bytes)}; {kept} are kept")
    return ExitCode.PASSED


def _forget(wiring: Wiring, before: float) -> int:
    """Drop old attempts; a history that cannot be written is no reason not to remove runs."""
    try:
        return wiring.history.forget(before)
    except StateError as problem:
        print(problem.text(), file=sys.stderr)
        return 0
