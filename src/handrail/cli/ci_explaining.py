"""``handrail ci explain``: what a stage runs where, why, and how long; or what a fault means."""

import argparse
import json
from collections import Counter

from handrail.ci.arithmetic import Sum, sum_of
from handrail.ci.catalogue import FAULTS
from handrail.ci.covering import Suite, claimed, sharded
from handrail.ci.stages import Job
from handrail.cli.ci_files import stages_of
from handrail.cli.ci_suite import recorded, suite_of
from handrail.config.nearest import nearest
from handrail.core.shards import shares
from handrail.errors import ExitCode, UsageError
from handrail.model.units import format_duration
from handrail.wiring import Wiring, wire


def explain(arguments: argparse.Namespace) -> ExitCode:
    """Print it: one stage, one fault, or all stages."""
    if arguments.name in FAULTS:
        return _fault(arguments)
    wiring = wire(arguments.folder)
    _, stages = stages_of(wiring)
    names = [job.name for job in stages.jobs]
    if arguments.name and arguments.name not in names:
        near = nearest(arguments.name, [*names, *FAULTS])
        raise UsageError(
            f"there is no stage {arguments.name}",
            where=f"stages: {', '.join(names)}\nfaults: W01 to W{len(FAULTS)}",
            hint=f"handrail ci explain {near or names[0]}",
        )
    suite = suite_of(wiring)
    jobs = [job for job in stages.jobs if arguments.name in {None, job.name}]
    told = [_told(job, suite, wiring) for job in jobs]
    if arguments.is_json:
        print(json.dumps({"schema": "handrail.ci-stages/1", "stages": [each for each, _ in told]}))
    else:
        print("\n\n".join(text for _, text in told))
    return ExitCode.PASSED


def _fault(arguments: argparse.Namespace) -> ExitCode:
    title, why = FAULTS[arguments.name]
    if arguments.is_json:
        print(json.dumps({"code": arguments.name, "title": title, "why": why}))
    else:
        print(f"{arguments.name}: {title}\n{why}")
        print(f"excuse one: # handrail: ignore[{arguments.name}] on its line or the one above")
    return ExitCode.PASSED


def _told(job: Job, suite: Suite, wiring: Wiring) -> tuple[dict[str, object], str]:
    names = claimed(suite, job)
    seconds = recorded(wiring, suite)
    tests = sharded(suite, names)
    found = sum_of(job, suite, seconds)
    numbers = Counter(shares(tests, suite.seconds, job.shards).values())
    loads: Counter[int] = Counter()
    for name, number in shares(tests, suite.seconds, job.shards).items():
        loads[number] += seconds.get(name, 0.0)  # type: ignore[assignment]
    by_tier = Counter(
        next(name for name in test.tiers if name in job.tiers)
        for test in suite.tests
        if test.name in names
    )
    document: dict[str, object] = {
        "name": job.name,
        "on": list(job.on),
        "tests": len(tests),
        "by_tier": dict(by_tier),
        "shards": [{"tests": numbers[n], "recorded_s": round(loads[n], 3)} for n in range(1, job.shards + 1)],
        "install_s": found.install_s,
        "longest_s": round(found.longest_s, 3),
        "limit_s": found.limit_s,
        "fits": found.fits,
        "proposed_shards": found.proposed,
    }  # fmt: skip
    return document, _text(job, suite, found, by_tier, numbers, loads)


def _text(
    job: Job,
    suite: Suite,
    found: Sum,
    by_tier: "Counter[str]",
    numbers: "Counter[int]",
    loads: "Counter[int]",
) -> str:
    lines = [f"stage {job.name}: starts on {', '.join(job.on)}" + (f' ("{job.cron}" UTC)' if job.cron else "")]  # fmt: skip
    for name in job.tiers:
        select = suite.settings.tier(name).select or "every test"
        lines.append(f"  tier {name}: {by_tier[name]} tests, by {select}")
    lines.append(
        f"  {job.cells} runs: Python {', '.join(job.python)}"
        + (f", each in {job.shards} shards" if job.shards > 1 else "")
    )
    if job.shards > 1:
        for number in range(1, job.shards + 1):
            took = f", {format_duration(loads[number])} one after the other" if found.known else ""
            lines.append(f"  shard {number}/{job.shards}: {numbers[number]} tests{took}")
    lines.append(f"  {found.text()}")
    if job.gates:
        lines.append(f"  gate {', '.join(job.gates)}: started by hand, its name is typed")
    return "\n".join(lines)
