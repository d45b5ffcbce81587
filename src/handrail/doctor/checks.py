"""All checks, in one table."""

from collections.abc import Iterator, Sequence

from handrail.doctor import every_test, machine, project, python, running, workflows
from handrail.doctor.findings import Around, Check, Finding

CHECKS: Sequence[Check] = (
    Check(code="D01", title="Python and its environment", look=python.environment),
    Check(code="D02", title="pytest, and the plugin in it", look=python.plugin),
    Check(code="D03", title="the lock file has what the project depends on", look=python.lock),
    Check(code="D04", title="the configuration", look=project.configuration),
    Check(code="D05", title="tiers", look=project.tiers, deep=every_test.tiers),
    Check(code="D06", title="gates hold without the plugin", look=python.strictness),
    Check(code="D07", title="nothing leads to production", look=project.production),
    Check(code="D08", title="services can be started", look=running.services),
    Check(code="D09", title="processors, memory, disk, files", look=machine.resources),
    Check(code="D10", title="nothing is left of earlier runs", look=running.leftovers),
    Check(code="D11", title="the state folder", look=project.state),
    Check(code="D12", title="plugins that clash", look=python.clashes),
    Check(code="D13", title="clock, encoding, proxies", look=machine.surroundings),
    Check(code="D14", title="the history", look=running.history),
    Check(code="D15", title="workflows of CI", look=workflows.workflows),
    Check(code="D16", title="what agents are told", look=project.agents),
    Check(code="D17", title="the build context of Docker", look=project.build_context),
)


def examine(
    around: Around, codes: Sequence[str] = (), *, is_deep: bool = False
) -> Iterator[tuple[Check, list[Finding]]]:
    """What each check finds. ``codes``: only these; ``is_deep``: whatever it takes."""
    for check in CHECKS:
        if not codes or check.code in codes:
            deep = check.deep(around) if is_deep and check.deep is not None else ()
            yield check, [*check.look(around), *deep]
