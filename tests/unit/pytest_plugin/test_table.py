"""What workers tell of tests, and the work that is made of it."""

import pytest

from handrail.core.scheduling import CHUNK_S
from handrail.model.events import Running
from handrail.model.spec import Lessons, RunSpec
from handrail.model.tiers import Isolation, Settings
from handrail.pytest_plugin.selection import Traits
from handrail.pytest_plugin.table import Table
from handrail.pytest_plugin.work import MODULE_SHIFT

SPEC = RunSpec(run_id="7k2f", settings=Settings(), tiers=(), place="local")
NOTHING = Lessons(usual_s={}, failed=frozenset())
FIRST, SECOND = 0, 1 << MODULE_SHIFT
"""The first test of each module."""


def traits(nodeid: str, *, limit_s: float = 0.0) -> Traits:
    return Traits(nodeid, (nodeid.partition("::")[0], 0, "test"), (), limit_s)


@pytest.fixture
def table() -> Table:
    """Worker 0 has collected a module of two tests, worker 1 one of a single test."""
    found = Table()
    found.add(0, 0, 0.5, [traits("a.py::x", limit_s=2.0).pack(), traits("a.py::y").pack()])
    found.add(1, 1, 0.1, [traits("b.py::x").pack()])
    return found


def test_a_test_is_found_by_its_module_and_its_place_in_it(table: Table) -> None:
    assert {index: each.nodeid for index, each in table.traits.items()} == {
        FIRST: "a.py::x",
        FIRST + 1: "a.py::y",
        SECOND: "b.py::x",
    }
    assert table.collect_s == {0: 0.5, 1: 0.1}


def test_a_module_that_is_collected_once_more_gets_another_home_and_nothing_else(
    table: Table,
) -> None:
    before = dict(table.traits)

    assert not table.add(1, 0, 9.0, [])

    assert table.traits == before
    assert table.collect_s[0] == 0.5
    assert table.homes == {0: {0}, 1: {0, 1}}


@pytest.mark.parametrize("has_homes", [True, False])
def test_who_has_collected_a_module_counts_only_where_workers_collect(
    table: Table, has_homes: bool
) -> None:
    agenda = table.agenda(NOTHING, SPEC, has_homes=has_homes)

    assert agenda.homes == ({0: {0}, 1: {1}} if has_homes else None)
    assert sorted(test for unit in agenda.pending for test in unit.tests) == sorted(table.traits)


def test_long_tests_are_known_from_history(table: Table) -> None:
    long_s = CHUNK_S / 4 + 0.01
    usual_s = {"a.py::x": long_s, "a.py::y": CHUNK_S / 4, "gone.py::x": 60.0}

    agenda = table.agenda(Lessons(usual_s=usual_s, failed=frozenset()), SPEC, has_homes=False)

    assert agenda.slow_s == {FIRST: long_s}
    assert table.agenda(NOTHING, SPEC, has_homes=False).slow_s == {}


def test_each_test_is_a_unit_where_each_gets_a_process(table: Table) -> None:
    spec = RunSpec(
        run_id="7k2f", settings=Settings(), tiers=(), place="local", isolate=Isolation.TEST
    )

    agenda = table.agenda(NOTHING, spec, has_homes=False)

    assert agenda.hands_out_one
    assert sorted(unit.tests for unit in agenda.pending) == [(FIRST,), (FIRST + 1,), (SECOND,)]


def test_what_is_running_is_told_with_what_it_usually_takes_and_may_take(table: Table) -> None:
    now = [(0, FIRST, 1.5), (1, SECOND, 0.2), (2, 99, 3.0)]

    assert table.running(now, {"a.py::x": 1.0}) == (
        Running(test="a.py::x", for_s=1.5, worker="gw0", usual_s=1.0, limit_s=2.0),
        Running(test="b.py::x", for_s=0.2, worker="gw1"),
    )
