"""Which tests may run here: default-deny, every obstacle named, no secret shown."""

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.config.defaults import DESTRUCTIVE, HEAVY_MARKERS
from handrail.config.loading import load_settings
from handrail.core.policy import (
    CI_SKIP,
    Circumstances,
    Held,
    Plan,
    Refusal,
    Runs,
    allowed_retries,
    fate,
    find_override,
    limits,
    place_of,
    plan,
    refusal,
)
from handrail.errors import ExitCode, RefusedError, UsageError
from handrail.model.tiers import Gate, Override, Place, Settings, Tier

FAST = Tier(name="fast")
SLOW = Tier(name="slow")
NIGHTLY = Tier(name="nightly", default_on=frozenset({Place.SCHEDULED}))
SOAK = Tier(name="soak", never_on=frozenset({Place.LOCAL}))
CHAOS = Tier(name="chaos", gate="destructive")
RISKY = Tier(name="risky", gate="risk")
PERSON = Gate(name="destructive")
FLAG = Gate(name="risk", require="flag")
SETTINGS = Settings(tiers=(FAST, SLOW, NIGHTLY, SOAK, CHAOS, RISKY), gates=(PERSON, FLAG))
LOCAL = Circumstances(place=Place.LOCAL)
CI = Circumstances(place=Place.CI)


def guarded(**conditions: tuple[str, ...]) -> Settings:
    """Settings whose person gate has conditions."""
    return dataclasses.replace(SETTINGS, gates=(dataclasses.replace(PERSON, **conditions),))


def opened(**environ: str) -> Circumstances:
    """A person opened the destructive gate."""
    return Circumstances(place=Place.LOCAL, granted=frozenset({"destructive"}), environ=environ)


def reason(settings: Settings, here: Circumstances) -> str | None:
    """Why the chaos tier may not run."""
    found = refusal(CHAOS, settings, here)
    return found.reason if found else None


def names(plan: Plan) -> list[str]:
    return [tier.name for tier in plan.chosen]


# Where is this?


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, Place.LOCAL),
        ({"CI": ""}, Place.LOCAL),
        ({"CI": "0"}, Place.LOCAL),
        ({"CI": "false"}, Place.LOCAL),
        ({"CI": " False "}, Place.LOCAL),
        ({"CI": "true"}, Place.CI),
        ({"CI": "1"}, Place.CI),
        ({"CI": "woodpecker"}, Place.CI),
        ({"GITHUB_ACTIONS": "true"}, Place.CI),
        ({"GITLAB_CI": "true"}, Place.CI),
        ({"BUILDKITE": "true"}, Place.CI),
        ({"JENKINS_URL": "http://x"}, Place.CI),
        ({"CI": "false", "GITHUB_ACTIONS": "true"}, Place.CI),
        ({"CI": "true", "GITHUB_EVENT_NAME": "push"}, Place.CI),
        ({"CI": "true", "GITHUB_EVENT_NAME": "schedule"}, Place.SCHEDULED),
        ({"CI": "true", "CI_PIPELINE_SOURCE": "schedule"}, Place.SCHEDULED),
        ({"BUILDKITE": "true", "BUILDKITE_SOURCE": "schedule"}, Place.SCHEDULED),
        ({"TF_BUILD": "True", "BUILD_REASON": "Schedule"}, Place.SCHEDULED),
        ({"GITHUB_EVENT_NAME": "schedule"}, Place.LOCAL),
        ({"CI": "true", "HANDRAIL_PLACE": "local"}, Place.LOCAL),
        ({"HANDRAIL_PLACE": "ci"}, Place.CI),
        ({"HANDRAIL_PLACE": "scheduled"}, Place.SCHEDULED),
        ({"CI": "true", "HANDRAIL_PLACE": ""}, Place.CI),
    ],
)
def test_the_place_is_found_out_from_the_environment(environ: dict[str, str], place: Place) -> None:
    assert place_of(environ) is place


def test_a_place_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        place_of({"HANDRAIL_PLACE": "moon"})

    assert caught.value.text() == (
        'error: HANDRAIL_PLACE is "moon", which is no place [usage]\n'
        "  places: local, ci, scheduled\n"
        "\n"
        "hint: unset HANDRAIL_PLACE, and the place is found out"
    )


# May this tier run here?


def test_a_tier_without_conditions_may_run_everywhere() -> None:
    assert [refusal(FAST, SETTINGS, Circumstances(place=place)) for place in Place] == [None] * 3


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place.LOCAL, "tier x never runs on local machines"),
        (Place.CI, "tier x never runs in CI"),
        (Place.SCHEDULED, "tier x never runs in scheduled runs"),
    ],
)
def test_a_tier_is_refused_where_it_never_runs_and_nothing_opens_it(
    place: Place, text: str
) -> None:
    tier = Tier(name="x", never_on=frozenset({place}), gate="destructive")
    here = dataclasses.replace(opened(), place=place)

    assert refusal(tier, SETTINGS, here) == Refusal(tier="x", reason=text)


def test_a_tier_runs_where_it_is_not_kept_off() -> None:
    assert refusal(SOAK, SETTINGS, CI) is None


def test_a_person_gate_is_closed_until_a_person_opens_it() -> None:
    assert refusal(CHAOS, SETTINGS, LOCAL) == Refusal(
        tier="chaos",
        reason="gate destructive is closed: a person has to open it at a terminal",
        gate="destructive",
        open_with="handrail allow destructive",
    )


def test_a_flag_does_not_open_a_person_gate() -> None:
    here = Circumstances(place=Place.LOCAL, flagged=frozenset({"destructive"}))

    assert refusal(CHAOS, SETTINGS, here) == Refusal(
        tier="chaos",
        reason="gate destructive is closed: "
        "--allow is not enough, a person has to open it at a terminal",
        gate="destructive",
        open_with="handrail allow destructive",
    )


def test_a_person_opens_a_person_gate() -> None:
    assert refusal(CHAOS, SETTINGS, opened()) is None


def test_opening_one_gate_leaves_the_others_closed() -> None:
    here = Circumstances(
        place=Place.LOCAL, granted=frozenset({"risk"}), flagged=frozenset({"risk"})
    )

    assert refusal(CHAOS, SETTINGS, here) is not None


def test_a_flag_gate_is_closed_without_its_flag() -> None:
    assert refusal(RISKY, SETTINGS, LOCAL) == Refusal(
        tier="risky",
        reason="gate risk is closed: it needs --allow risk",
        gate="risk",
        open_with="handrail run --tier risky --allow risk",
    )


@pytest.mark.parametrize("how", ["granted", "flagged"])
def test_a_flag_gate_opens_to_a_flag_or_a_person(how: str) -> None:
    here = dataclasses.replace(LOCAL, **{how: frozenset({"risk"})})

    assert refusal(RISKY, SETTINGS, here) is None


def test_the_flag_of_another_gate_opens_nothing() -> None:
    here = Circumstances(place=Place.LOCAL, flagged=frozenset({"destructive"}))

    assert refusal(RISKY, SETTINGS, here) is not None


def test_a_command_to_paste_is_quoted() -> None:
    tier = Tier(name="two words", gate="a b")
    settings = Settings(tiers=(tier,), gates=(Gate(name="a b", require="flag"),))

    found = refusal(tier, settings, LOCAL)

    assert found is not None
    assert found.open_with == "handrail run --tier 'two words' --allow 'a b'"


def test_a_host_that_is_not_allowed_keeps_the_gate_shut_though_it_was_opened() -> None:
    settings = guarded(only_hosts=("localhost", "*.test"))
    here = opened(DATABASE_URL="postgresql://root:hunter2@db.example.com/x")

    assert refusal(CHAOS, settings, here) == Refusal(
        tier="chaos",
        reason="gate destructive is closed: DATABASE_URL points at db.example.com; "
        "only localhost, *.test may be used",
        gate="destructive",
        open_with="",
    )


def test_every_host_must_be_allowed_and_every_one_that_is_not_is_named() -> None:
    settings = guarded(only_hosts=("localhost",))
    here = opened(B_HOST="prod", A_URL="nats://localhost:1,nats://b:2", C_DSN="http://localhost")

    assert reason(settings, here) == (
        "gate destructive is closed: A_URL points at b; B_HOST points at prod; "
        "only localhost may be used"
    )


def test_a_host_that_cannot_be_read_keeps_the_gate_shut_and_is_not_shown() -> None:
    settings = guarded(only_hosts=("*",))

    assert reason(settings, opened(DATABASE_URL="pg://u:hunter/2@localhost/x")) == (
        "gate destructive is closed: DATABASE_URL holds a host that cannot be read; "
        "only * may be used"
    )


@pytest.mark.parametrize(
    "name", ["X_URL", "X_URI", "X_DSN", "X_HOST", "URL", "URI", "DSN", "HOST", "x_url", "A_B_HOST"]
)
def test_variables_that_name_a_target_are_looked_at(name: str) -> None:
    assert reason(guarded(only_hosts=("localhost",)), opened(**{name: "prod"})) is not None


@pytest.mark.parametrize(
    "name", ["X", "HOSTNAME", "X_URLS", "CURL", "X_HOST_KEY", "GITHUB_SERVER_URL", "PIP_INDEX_URL"]
)
def test_other_variables_are_not(name: str) -> None:
    assert reason(guarded(only_hosts=("localhost",)), opened(**{name: "prod"})) is None


def test_without_patterns_every_host_will_do() -> None:
    assert reason(SETTINGS, opened(DATABASE_URL="http://u:p/x@y")) is None


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]:5432", "db.test", "x.localhost", "DB.TEST"]
)
def test_the_built_in_gate_trusts_this_machine_and_reserved_names(host: str) -> None:
    settings = dataclasses.replace(SETTINGS, gates=(DESTRUCTIVE,))

    assert reason(settings, opened(DATABASE_URL=f"pg://u:p@{host}/x")) is None


@pytest.mark.parametrize("host", ["127.0.0.1.evil.com", "test", "localhost.com", "0.0.0.0"])
def test_the_built_in_gate_trusts_no_look_alike(host: str) -> None:
    settings = dataclasses.replace(SETTINGS, gates=(DESTRUCTIVE,))

    assert reason(settings, opened(DATABASE_URL=f"pg://u:p@{host}/x")) is not None


def test_a_pattern_of_hosts_ignores_case() -> None:
    assert reason(guarded(only_hosts=("*.TEST",)), opened(A_URL="http://a.test")) is None


@pytest.mark.parametrize(
    ("pattern", "name", "value", "said"),
    [
        ("*PROD*", "MY_PROD_KEY", "hunter2", "MY_PROD_KEY is set, and *PROD* is denied"),
        ("*PROD*", "my_prod", "x", "my_prod is set, and *PROD* is denied"),
        ("*PROD*", "PROD", "", None),
        ("PROD", "PRODUCT", "x", None),
        ("ENV=prod*", "ENV", "Production", "ENV has a denied value"),
        ("ENV=prod*", "ENV", "test", None),
        ("ENV=prod*", "ENV2", "production", None),
        ("ENV=", "ENV", "", "ENV has a denied value"),
        ("ENV=", "ENV", "x", None),
    ],
)
def test_a_denied_variable_keeps_the_gate_shut_and_its_value_is_not_shown(
    pattern: str, name: str, value: str, said: str | None
) -> None:
    found = reason(guarded(deny_env=(pattern,)), opened(**{name: value}))

    assert found == (said and f"gate destructive is closed: {said}")


def test_all_obstacles_are_told_at_once() -> None:
    settings = guarded(only_hosts=("localhost",), deny_env=("PROD",))
    here = Circumstances(place=Place.LOCAL, environ={"PROD": "1", "X_URL": "http://x"})

    assert refusal(CHAOS, settings, here) == Refusal(
        tier="chaos",
        reason="gate destructive is closed: a person has to open it at a terminal; "
        "X_URL points at x; only localhost may be used; PROD is set, and PROD is denied",
        gate="destructive",
        open_with="handrail allow destructive",
    )


# Which tiers does a run take tests from?


def test_without_names_the_default_tier_is_chosen() -> None:
    assert names(plan(SETTINGS, [], LOCAL)) == ["fast"]


def test_without_names_the_tiers_of_this_place_are_chosen_too() -> None:
    here = Circumstances(place=Place.SCHEDULED)

    assert names(plan(SETTINGS, [], here)) == ["fast", "nightly"]


def test_a_refused_tier_is_not_chosen_by_default() -> None:
    tiers = (FAST, dataclasses.replace(CHAOS, default_on=frozenset({Place.CI})))
    settings = dataclasses.replace(SETTINGS, tiers=tiers)

    assert names(plan(settings, [], CI)) == ["fast"]


def test_a_refused_default_tier_is_not_chosen_either() -> None:
    settings = dataclasses.replace(SETTINGS, default_tier="chaos")

    assert names(plan(settings, [], LOCAL)) == []


def test_names_replace_the_default_and_keep_their_order() -> None:
    assert names(plan(SETTINGS, ["slow", "nightly", "slow"], LOCAL)) == ["slow", "nightly"]


def test_the_plan_names_every_refused_tier_and_the_place() -> None:
    made = plan(SETTINGS, ["slow"], LOCAL)

    assert [each.tier for each in made.refused] == ["soak", "chaos", "risky"]
    assert made.place is Place.LOCAL


def test_a_tier_that_nobody_knows_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        plan(SETTINGS, ["slwo", "moon", "fast"], LOCAL)

    assert caught.value.text() == (
        "error: no tier is named slwo, moon [usage]\n"
        "  tiers: fast, slow, nightly, soak, chaos, risky\n"
        "\n"
        "hint: handrail run --tier slow"
    )


def test_a_tier_that_is_like_no_other_is_answered_with_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        plan(SETTINGS, ["zzz"], LOCAL)

    assert caught.value.hint == "handrail tiers"


def test_naming_a_refused_tier_refuses_the_whole_run() -> None:
    with pytest.raises(RefusedError) as caught:
        plan(SETTINGS, ["fast", "chaos"], LOCAL)

    assert caught.value.exit_code is ExitCode.REFUSED
    assert caught.value.text() == (
        "error: tier chaos may not run here; nothing was run [refused]\n"
        "  chaos: gate destructive is closed: a person has to open it at a terminal\n"
        "\n"
        "hint: a person runs: handrail allow destructive"
    )


def test_several_refused_tiers_are_told_together() -> None:
    with pytest.raises(RefusedError) as caught:
        plan(SETTINGS, ["chaos", "soak"], LOCAL)

    assert caught.value.text() == (
        "error: tiers soak, chaos may not run here; nothing was run [refused]\n"
        "  soak: tier soak never runs on local machines\n"
        "  chaos: gate destructive is closed: a person has to open it at a terminal\n"
        "\n"
        "hint: a person runs: handrail allow destructive"
    )


def test_a_refusal_that_no_command_lifts_points_at_what_may_run() -> None:
    with pytest.raises(RefusedError) as caught:
        plan(SETTINGS, ["soak"], LOCAL)

    assert caught.value.hint == "handrail tiers shows what may run"


# What becomes of one test?


def told(memberships: Sequence[str], *markers: str, place: Place = Place.LOCAL) -> Runs | Held:
    """The fate of a test when the fast and the slow tier were named."""
    made = plan(SETTINGS, ["slow", "fast"], Circumstances(place=place))
    return fate(memberships, frozenset(markers), made)


def test_a_test_of_a_chosen_tier_runs_within_the_limits_of_that_tier() -> None:
    assert told(["fast"]) == Runs(tier=FAST)


def test_the_first_of_several_tiers_sets_the_limits() -> None:
    assert told(["nightly", "fast", "slow"]) == Runs(tier=FAST)


def test_a_test_of_a_refused_tier_is_withheld_whatever_else_it_belongs_to() -> None:
    assert told(["fast", "chaos"]) == Held(
        tier="chaos",
        reason="gate destructive is closed: a person has to open it at a terminal",
        gate="destructive",
        open_with="handrail allow destructive",
    )


def test_a_test_of_a_tier_that_was_not_chosen_is_withheld() -> None:
    assert told(["nightly"]) == Held(
        tier="nightly", reason="not selected", open_with="handrail run --tier nightly"
    )


def test_a_test_that_no_tier_selects_is_withheld() -> None:
    assert told([]) == Held(tier=None, reason="no tier selects it")


@pytest.mark.parametrize("place", [Place.CI, Place.SCHEDULED])
def test_a_test_marked_ci_skip_never_runs_in_ci(place: Place) -> None:
    assert told(["fast"], CI_SKIP, place=place) == Held(
        tier="fast", reason="marked ci_skip, never run in CI"
    )


def test_a_test_marked_ci_skip_runs_locally() -> None:
    assert told(["fast"], CI_SKIP) == Runs(tier=FAST)


def test_a_refusal_is_told_before_ci_skip() -> None:
    found = told(["chaos"], CI_SKIP, place=Place.CI)

    assert isinstance(found, Held)
    assert found.gate == "destructive"


def test_ci_skip_is_told_of_a_test_without_a_tier() -> None:
    assert told([], CI_SKIP, place=Place.CI) == Held(
        tier=None, reason="marked ci_skip, never run in CI"
    )


MEMBERSHIPS = st.lists(st.sampled_from([tier.name for tier in SETTINGS.tiers]), unique=True)
CIRCUMSTANCES = st.builds(
    Circumstances,
    place=st.sampled_from(Place),
    granted=st.frozensets(st.sampled_from(["destructive", "risk"])),
    flagged=st.frozensets(st.sampled_from(["destructive", "risk"])),
)


@given(MEMBERSHIPS, MEMBERSHIPS, CIRCUMSTANCES, st.booleans())
def test_nothing_runs_unless_every_tier_it_belongs_to_may_run_and_one_was_chosen(
    memberships: list[str], named: list[str], here: Circumstances, is_ci_skip: bool
) -> None:
    refused = {tier.name for tier in SETTINGS.tiers if refusal(tier, SETTINGS, here)}
    made = plan(SETTINGS, [name for name in named if name not in refused], here)

    found = fate(memberships, {CI_SKIP} if is_ci_skip else set(), made)

    may_run = (
        not refused & set(memberships)
        and bool(set(memberships) & set(names(made)))
        and (not is_ci_skip or here.place is Place.LOCAL)
    )
    assert isinstance(found, Runs) == may_run


@given(st.frozensets(st.sampled_from(HEAVY_MARKERS)), CIRCUMSTANCES)
def test_no_built_in_tier_behind_a_gate_runs_unless_a_person_opened_it(
    heavy: frozenset[str], here: Circumstances
) -> None:
    settings = load_settings(None)
    gated = {tier.name for tier in settings.tiers if tier.gate}
    free = [name for name in heavy if name not in gated and name != "soak"]

    made = plan(settings, free, here)

    shut = {each.tier for each in made.refused}
    assert (gated <= shut) == ("destructive" not in here.granted)


# How long may a test take?


OVERRIDE = Override(select="**", timeout_s=3.0)


@pytest.mark.parametrize(
    ("tier", "override", "timeout_s"),
    [
        (Tier(name="x", timeout_s=2.0), OVERRIDE, 3.0),
        (Tier(name="x", timeout_s=2.0), Override(select="**"), 2.0),
        (Tier(name="x", timeout_s=2.0), None, 2.0),
        (Tier(name="x"), None, 1.0),
        (None, OVERRIDE, 3.0),
        (None, None, 1.0),
    ],
)
def test_an_override_beats_the_tier_and_the_tier_beats_the_settings(
    tier: Tier | None, override: Override | None, timeout_s: float
) -> None:
    assert limits(Settings(timeout_s=1.0), tier, override) == timeout_s


@pytest.mark.parametrize(
    ("select", "nodeid", "is_match"),
    [
        ("tests/net/**", "tests/net/test_a.py::test_x", True),
        ("tests/net/**", "tests/net/deep/er/test_a.py::test_x", True),
        ("tests/net/**", "tests/network/test_a.py::test_x", False),
        ("tests/net/**", "other/tests/net/test_a.py::test_x", False),
        ("tests/*.py", "tests/test_a.py::test_x", True),
        ("tests/*.py", "tests/net/test_a.py::test_x", False),
        ("**/test_a.py", "test_a.py::test_x", True),
        ("**/test_a.py", "tests/net/test_a.py::test_x", True),
        ("**/test_a.py", "tests/my_test_a.py::test_x", False),
        ("tests/**/test_a.py", "tests/test_a.py::test_x", True),
        ("tests/test_?.py", "tests/test_a.py::test_x", True),
        ("tests/test_?.py", "tests/test_/.py::test_x", False),
        ("tests/test_a.py", "tests/test_a.py::test_x", True),
        ("tests/test_a.py", "tests/test_apy::test_x", False),
        ("tests/test_[a].py", "tests/test_a.py::test_x", False),
        ("tests/test_[a].py", "tests/test_[a].py::test_x", True),
        ("tests/test_a.py::test_x", "tests/test_a.py::test_x", True),
        ("tests/test_a.py::test_x", "tests/test_a.py::test_xy", False),
        ("tests/test_a.py::test_x[1-*]", "tests/test_a.py::test_x[1-a/b]", True),
        ("tests/test_a.py::test_x[1]", "tests/test_a.py::test_x1", False),
        ("tests/**::TestX::*", "tests/a/test_a.py::TestX::test_y", True),
        ("tests/*::TestX::*", "tests/a/test_a.py::TestX::test_y", False),
        ("**::test_?", "test_a.py::test_y", True),
        ("**::test_?", "test_a.py::test_yy", False),
    ],
)
def test_an_override_selects_by_file_or_by_node_id(
    select: str, nodeid: str, is_match: bool
) -> None:
    settings = Settings(overrides=(Override(select=select),))

    assert (find_override(settings, nodeid) is not None) == is_match


@pytest.mark.parametrize(
    ("tier", "override", "expected"),
    [
        (None, None, (0, "")),
        (Tier(name="e2e"), None, (0, "")),
        (Tier(name="e2e", retries=2), None, (2, "tier e2e")),
        (Tier(name="e2e", retries=2), Override(select="a/**", serial=True), (2, "tier e2e")),
        (Tier(name="e2e", retries=2), Override(select="a/**", retries=0), (0, "a/**")),
        (
            Tier(name="e2e"),
            Override(select="a/**", retries=1, reason="issue 412"),
            (1, "issue 412"),
        ),
    ],
)
def test_an_override_says_how_often_a_test_is_tried_again_or_else_its_tier(
    tier: Tier | None, override: Override | None, expected: tuple[int, str]
) -> None:
    assert allowed_retries(tier, override) == expected


def test_the_first_override_that_matches_wins() -> None:
    first, second = Override(select="a/**", retries=1), Override(select="**", retries=2)
    settings = Settings(overrides=(first, second))

    assert find_override(settings, "a/b.py::test_x") is first
    assert find_override(settings, "b/b.py::test_x") is second
