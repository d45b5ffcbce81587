"""The tiers of a project that configures none."""

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given
from hypothesis import strategies as st

from handrail.config.defaults import DESTRUCTIVE, HEAVY_MARKERS, TIERS
from handrail.config.loading import load_settings
from handrail.model.tiers import Place

MARKERS = st.frozensets(st.sampled_from([*HEAVY_MARKERS, "asyncio", "parametrize"]))


def tiers_of(markers: frozenset[str]) -> list[str]:
    return [
        tier.name
        for tier in TIERS
        if Expression.compile(tier.select).evaluate(lambda name, /, **_: name in markers)
    ]


@given(MARKERS)
def test_a_test_belongs_to_the_tier_of_its_most_dangerous_marker_and_to_no_other(
    markers: frozenset[str],
) -> None:
    heavy = [marker for marker in HEAVY_MARKERS if marker in markers]

    assert tiers_of(markers) == (heavy[:1] or ["fast"])


def test_the_markers_are_ordered_by_danger() -> None:
    assert HEAVY_MARKERS == (
        "cloud",
        "chaos",
        "operational",
        "infrastructure",
        "terraform",
        "soak",
        "load",
        "localstack",
        "gpu",
        "grpc",
        "e2e",
        "integration",
        "slow",
    )


def test_what_can_destroy_something_is_behind_the_gate() -> None:
    gated = {tier.name for tier in TIERS if tier.gate == "destructive"}

    assert gated == {"cloud", "chaos", "operational", "infrastructure", "terraform"}


def test_the_gate_needs_a_person_and_harmless_hosts() -> None:
    assert DESTRUCTIVE.require == "person"
    assert DESTRUCTIVE.expires_s == 900.0
    assert DESTRUCTIVE.only_hosts == ("localhost", "127.0.0.1", "::1", "*.test", "*.localhost")
    assert DESTRUCTIVE.deny_env == ("*PROD*",)


def test_only_soak_is_kept_off_local_machines() -> None:
    assert {tier.name: tier.never_on for tier in TIERS if tier.never_on} == {
        "soak": frozenset({Place.LOCAL})
    }


@pytest.mark.parametrize(
    ("tier", "timeout_s"),
    [
        ("fast", None),
        ("integration", 60),
        ("e2e", 120),
        ("slow", 300),
        ("chaos", 60),
        ("operational", 300),
        ("soak", 86400),
        ("load", 1800),
    ],
)
def test_every_tier_has_a_limit_that_fits_it(tier: str, timeout_s: float | None) -> None:
    assert load_settings(None).tier(tier).timeout_s == timeout_s


def test_a_fast_test_may_take_five_minutes() -> None:
    assert load_settings(None).timeout_s == 300.0
