"""What is proposed follows from what a project has, can be used, and puts every test into one tier."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from handrail.adoption.configuring import configuration, services
from handrail.adoption.inventory import Inventory
from handrail.adoption.sources import understood
from handrail.config.defaults import HEAVY_MARKERS
from handrail.config.loading import load_settings
from handrail.model.tiers import Settings


def project(*markers: str, **files: str) -> Inventory:
    text = "\n".join(f"pytest.mark.{marker}" for marker in markers)
    return Inventory(files=files, sources=(understood("test_a.py", text),))


def proposed(inventory: Inventory) -> Settings:
    return load_settings("\n".join(configuration(inventory)))


def tier_names(settings: Settings) -> list[str]:
    return [tier.name for tier in settings.tiers]


def test_tiers_are_those_whose_markers_are_used() -> None:
    settings = proposed(project("slow", "integration", "parametrize", "skipif"))

    assert tier_names(settings) == ["fast", "slow", "integration"]
    assert settings.tier("fast").select == "not (integration or slow)"
    assert settings.tier("slow").select == "slow and not integration"


def test_a_project_without_heavy_markers_has_one_tier_of_every_test() -> None:
    settings = proposed(project("parametrize"))

    assert tier_names(settings) == ["fast"]
    assert settings.tier("fast").select == ""


def test_what_sounds_dangerous_has_a_gate() -> None:
    settings = proposed(project("destructive", "aws", "slow"))

    gates = {tier.name: tier.gate for tier in settings.tiers}
    assert gates == {"fast": None, "slow": None, "destructive": "destructive", "aws": "destructive"}
    assert settings.gate("destructive").require == "person"


def test_tests_of_the_whole_system_are_not_fast() -> None:
    assert tier_names(proposed(project("system", "acceptance"))) == ["fast", "system", "acceptance"]


def test_a_soak_never_runs_on_a_persons_machine() -> None:
    assert proposed(project("soak")).tier("soak").never_on == {"local"}


NAMES = (*HEAVY_MARKERS, "db", "performance", "aws", "own_marker")
known = st.sets(st.sampled_from(NAMES))


@given(known, known)
def test_every_test_belongs_to_exactly_one_tier(used: set[str], of_test: set[str]) -> None:
    settings = proposed(project(*used, *of_test))

    matching = [tier.name for tier in settings.tiers if matches(tier.select, of_test)]
    assert len(matching) == 1


def matches(select: str, markers: Iterable[str]) -> bool:
    """These selections are Python too."""
    names = {each: each in markers for each in NAMES}
    return not select or bool(eval(select, {}, names))


def test_services_come_from_compose_files_and_from_what_tests_import() -> None:
    compose = """
services:
  # the database
  db:
    image: postgres:16-alpine
    environment:
      image: none
  cache:
    image: "registry.example/redis"
  web:
    build: .
volumes:
  image: redis
"""
    inventory = Inventory(
        files={"compose.yaml": compose},
        sources=(understood("test_a.py", "import nats.aio, json\nfrom asyncpg import connect"),),
    )

    assert services(inventory) == [
        ("nats", "", "tests import nats"),
        ("postgres", "16", "compose.yaml"),
        ("redis", "", "compose.yaml"),
    ]
    assert [each.name for each in proposed(inventory).services] == ["nats", "postgres", "redis"]


def test_stages_have_every_tier_but_the_gated_ones() -> None:
    stages = {each.name: each for each in proposed(project("chaos", "slow", "load", "soak")).stages}

    assert {name: each.tiers for name, each in stages.items()} == {
        "pr-fast": ("fast",),
        "pr-full": ("fast", "slow"),
        "post-merge": ("fast", "slow"),
        "nightly": ("fast", "slow", "load"),
        "soak": ("soak",),
    }
    assert stages["post-merge"].on == ("push",)


def test_pythons_are_the_oldest_and_the_newest_that_the_project_names() -> None:
    classifiers = [f"Programming Language :: Python :: 3.{minor}" for minor in (9, 11, 12, 13)]
    inventory = Inventory(files={"pyproject.toml": f"[project]\nclassifiers = {classifiers}"})

    assert proposed(inventory).stages[0].python == ("3.11", "3.13")


def test_the_limit_of_a_test_follows_from_history() -> None:
    inventory = Inventory(durations={"test_a.py::test_a": 2.5, "test_a.py::test_b": 0.1})

    assert proposed(inventory).timeout_s == 30.0
