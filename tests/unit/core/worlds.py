"""Worlds for tests of the controller, whatever may happen in them."""

from hypothesis import strategies as st
from simulated_world import Does, Module, Start, Test, World

from handrail.core.controlling import (
    Limits,
)

PASS = Does.PASS
LIMITS = Limits(grace_s=1.0, memory_bytes=1 << 30)
tests = st.builds(
    Test,
    does=st.sampled_from([PASS] * 6 + list(Does)),
    takes_s=st.sampled_from([0.0, 0.002, 0.05, 1.0]),
    locks=st.sampled_from(
        [frozenset[str]()] * 4 + [frozenset("a"), frozenset("b"), frozenset("ab")]
    ),
    is_serial=st.sampled_from([False] * 6 + [True]),
    is_unaffected=st.sampled_from([False] * 3 + [True]),
)
modules = st.builds(
    Module,
    tests=st.lists(tests, max_size=12).map(tuple),
    set_up_s=st.sampled_from([0.0, 0.1, 1.0]),
    is_whole=st.booleans(),
    collect_s=st.sampled_from([0.0, 0.01, 0.5]),
    collecting=st.sampled_from([PASS] * 6 + [Does.CRASH, Does.HANG]),
    again=st.sampled_from([PASS] * 6 + [Does.CRASH, Does.HANG]),
)
suites = st.lists(modules, max_size=6)
healthy = st.lists(
    st.builds(
        Module,
        tests=st.lists(
            st.builds(
                Test,
                takes_s=st.sampled_from([0.0, 0.002, 0.05, 1.0]),
                locks=st.sampled_from([frozenset[str]()] * 3 + [frozenset("a"), frozenset("ab")]),
                is_serial=st.sampled_from([False] * 4 + [True]),
            ),
            max_size=8,
        ).map(tuple),
        is_whole=st.booleans(),
    ),
    max_size=5,
)
"""Suites in which nothing goes wrong."""
starts = st.dictionaries(
    st.integers(0, 3),
    st.builds(Start, dies=st.booleans(), is_mute=st.booleans(), lingers=st.booleans()),
    max_size=2,
)
worlds = st.builds(
    World,
    suites,
    workers=st.integers(1, 4),
    limits=st.just(LIMITS),
    starts=starts,
    is_deferred=st.booleans(),
    is_fresh=st.just(value=False),
)
fresh_worlds = st.builds(
    World, suites, workers=st.integers(1, 3), limits=st.just(LIMITS), is_fresh=st.just(value=True)
)


def at_once(world: World) -> World:
    """Run it, and say so if it could not go on."""
    return world.run(until_s=20_000)
