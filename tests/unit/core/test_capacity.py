"""Workers and the servers that each of them has stay within the memory that there is."""

from hypothesis import given
from hypothesis import strategies as st

from handrail.core.capacity import SHARE, WORKER_BYTES, workers_that_fit

MIB = 1 << 20
sizes = st.integers(1, 1 << 40)


@given(st.integers(1, 256), sizes, sizes)
def test_those_that_are_chosen_fit_unless_it_is_one(wanted: int, available: int, each: int) -> None:
    chosen = workers_that_fit(wanted, available, each)

    assert 1 <= chosen <= wanted
    assert chosen == 1 or chosen * (each + WORKER_BYTES) <= available * SHARE


@given(st.integers(1, 256), sizes, sizes)
def test_no_more_would_fit_than_are_chosen(wanted: int, available: int, each: int) -> None:
    chosen = workers_that_fit(wanted, available, each)

    assert chosen == wanted or (chosen + 1) * (each + WORKER_BYTES) > int(available * SHARE)


def test_without_servers_there_is_room_for_all() -> None:
    assert workers_that_fit(8, 1, 0) == 8


def test_where_the_system_does_not_tell_there_is_room_for_all() -> None:
    assert workers_that_fit(8, None, 500 * MIB) == 8
