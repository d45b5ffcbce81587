"""Services that name each other: what each needs, who starts first, and who may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.config.references import cycle, filled, listens, needs, references, stages
from handrail.model.tiers import Service


def app(command: str, **env: str) -> Service:
    return Service(name="api", command=command, env=tuple(env.items()))


def test_an_app_needs_what_its_command_and_environment_name() -> None:
    service = app("serve --cache {redis.url} {fd}", DATABASE_URL="{postgres.url}?x={redis.url}")

    assert needs(service) == ("redis", "postgres")


def test_what_a_server_is_called_by_tests_is_no_need() -> None:
    assert needs(Service(name="redis", env=(("REDIS_URL", "{url}"), ("X", "{api.url}")))) == ()


def test_other_braces_mean_nothing() -> None:
    assert references("{} {fd} {a b.url} {{x}} ${HOME}") == []
    assert filled("{fd} {x} {a.url} {}", {"fd": "3", "a.url": "u"}) == "3 {x} u {}"


@pytest.mark.parametrize(
    ("service", "does"),
    [
        (app("serve --fd {fd}"), True),
        (app("serve", PORT="{port}"), True),
        (app("serve --host {host}"), False),
    ],
)
def test_an_app_listens_where_it_is_told(service: Service, does: bool) -> None:
    assert listens(service) is does


def test_a_cycle_is_found_wherever_it_begins() -> None:
    assert cycle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ("b", "c", "b")
    assert cycle({"a": ["a"]}) == ("a", "a")
    assert cycle({"a": ["b", "c"], "b": ["d"], "c": ["d"]}) == ()


def test_what_needs_nothing_of_each_other_begins_together() -> None:
    needed = {"web": ["api", "redis"], "api": ["postgres", "redis"], "mail": ["postgres"]}

    assert stages(["web", "mail"], needed) == [("postgres", "redis"), ("api", "mail"), ("web",)]


names = st.sampled_from("abcdef")


@given(st.dictionaries(names, st.lists(names, max_size=3, unique=True)))
def test_stages_respect_every_need_and_forget_nobody(needed: dict[str, list[str]]) -> None:
    acyclic = {name: [each for each in wants if each > name] for name, wants in needed.items()}

    found = stages(acyclic, acyclic)

    assert cycle(acyclic) == ()
    at = {name: number for number, stage in enumerate(found) for name in stage}
    assert set(acyclic) <= set(at)
    assert all(at[each] < at[name] for name, wants in acyclic.items() for each in wants)
