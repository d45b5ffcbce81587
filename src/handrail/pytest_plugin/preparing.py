"""What every session of ours needs first: the barrier, the markers, and xdist out of the way."""

import os

import pytest

from handrail.core.policy import Circumstances
from handrail.errors import UserError
from handrail.model.spec import RunSpec
from handrail.model.tiers import Place, Settings
from handrail.pytest_plugin import selection
from handrail.pytest_plugin.selection import Barrier

KEPT_IN = pytest.StashKey[str]()
"""The folder of the run, for what tests attach; absent in plain pytest."""


def make_barrier(config: pytest.Config, spec: RunSpec) -> Barrier:
    """The policy of a run. Raises: UserError as ``core.policy.plan`` does, or for a marker typo."""
    check_markers(config, spec.settings)
    here = Circumstances(
        place=Place(spec.place), granted=spec.granted, flagged=spec.flagged, environ=os.environ
    )
    return Barrier(
        config,
        spec.settings,
        spec.tiers,
        here,
        timeout_s=spec.timeout_s,
        retries=spec.retries,
        quarantined=spec.quarantined,
    )


class MarkerTypoError(UserError):
    """A tier selects by a marker that looks like a misspelt one."""

    reference = "marker-typo"


def check_markers(config: pytest.Config, settings: Settings) -> None:
    """Raises: MarkerTypoError."""
    registered = [
        str(line).partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")
    ]
    wrong = selection.misspelt(settings, registered)
    if wrong and settings.is_configured:
        raise MarkerTypoError(
            "a tier selects by a marker that is not registered",
            where="\n".join(
                f"tool.handrail.tiers.{tier}.select: {name}; nearest: {near}"
                for tier, (name, near) in wrong.items()
            ),
            hint="correct the name, or register it under `markers` of pytest's configuration",
        )


def register_markers(config: pytest.Config, settings: Settings) -> None:
    """Make known the markers that Handrail reads and those that configured tiers select by."""
    config.addinivalue_line("markers", "serial: nothing else runs while this test does (handrail)")
    config.addinivalue_line(
        "markers", "resource(*names): no two tests that name the same one run at once (handrail)"
    )
    config.addinivalue_line("markers", "ci_skip: never run in CI (handrail)")
    if not config.pluginmanager.hasplugin("timeout"):
        config.addinivalue_line("markers", "timeout(seconds): limit of this test (handrail)")
    if settings.is_configured:
        names = {name for tier in settings.tiers for name in selection.marker_names(tier.select)}
        for name in sorted(names):
            config.addinivalue_line("markers", f"{name}: selected by a tier of handrail")


def prepare_services(
    config: pytest.Config, settings: Settings, *, is_keeping: bool = False
) -> None:
    """Make known the fixtures of the services that are configured; import nothing if there are none."""
    is_named = settings.services or any(tier.services for tier in settings.tiers)
    if is_named or settings.testcontainers:
        from handrail.pytest_plugin.services.registering import register_services

        register_services(config, settings, is_keeping=is_keeping)


def disarm_xdist(config: pytest.Config) -> None:
    """Take no notice of ``-n`` in the project's addopts: this session has workers of its own."""
    for name, value in (("numprocesses", None), ("dist", "no"), ("tx", []), ("maxprocesses", None)):
        if hasattr(config.option, name):
            setattr(config.option, name, value)
