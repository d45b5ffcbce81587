"""The tests of a project, and what is known of their times."""

from collections.abc import Mapping

from handrail.ci.collecting import collected
from handrail.ci.covering import Suite
from handrail.errors import StateError
from handrail.runs import durations
from handrail.wiring import Wiring

DURATIONS = ".handrail-durations.json"


def suite_of(wiring: Wiring) -> Suite:
    """Every test, whatever may run here. Raises: CollectError, DurationsError."""
    return Suite(
        settings=wiring.settings,
        tests=tuple(collected(wiring.root, wiring.environ)),
        seconds=durations.read(wiring.root / DURATIONS, is_needed=False),
    )


def recorded(wiring: Wiring, suite: Suite) -> Mapping[str, float]:
    """Recorded times: those that shards have in common, or else those of this machine."""
    if suite.seconds:
        return suite.seconds
    if not (wiring.root / wiring.settings.state / "history.db").exists():
        return {}
    try:
        return wiring.history.durations()
    except StateError:
        return {}
