"""Shared memory in which workers say what they run."""

import os
from collections.abc import Generator

import pytest

from handrail.execution.slots import COUNT, Seen, Slots, Word, create


@pytest.fixture
def slots() -> Generator[Slots]:
    descriptor = create()
    yield Slots(descriptor)
    os.close(descriptor)


def test_a_slot_says_what_began_when_and_for_how_long_it_may_run(slots: Slots) -> None:
    slots.begin(3, 42, 1.5, 60.0)

    assert slots.read(3) == Seen(42, 1.5, 60.0)


def test_after_the_end_there_is_no_test_and_no_limit(slots: Slots) -> None:
    slots.begin(3, 42, 1.5, 60.0)

    slots.end(3)

    assert slots.read(3) == Seen(None, 1.5, 0.0)


def test_what_a_worker_is_told_and_what_it_runs_are_independent(slots: Slots) -> None:
    slots.reset(3, 9.0)
    slots.tell(3, Word.HAND_BACK)
    slots.begin(3, 42, 1.5, 60.0)

    assert slots.told(3) == Word.HAND_BACK
    slots.end(3)
    assert slots.told(3) == Word.HAND_BACK
    slots.begin(3, 43, 2.5, 60.0)
    slots.tell(3, Word.END)
    assert slots.read(3) == Seen(43, 2.5, 60.0)


def test_a_reset_slot_knows_nothing_of_its_last_worker(slots: Slots) -> None:
    slots.begin(3, 42, 1.5, 60.0)
    slots.tell(3, Word.END)

    slots.reset(3, 9.0)

    assert slots.read(3) == Seen(None, 9.0, 0.0)
    assert slots.told(3) == Word.GO_ON


@pytest.mark.parametrize("slot", [0, 1, COUNT - 1])
def test_slots_do_not_touch_each_other(slots: Slots, slot: int) -> None:
    for other in (0, 1, COUNT - 1):
        slots.reset(other, 0.0)

    slots.begin(slot, 7, 1.0, 2.0)
    slots.tell(slot, Word.END)

    others = {0, 1, COUNT - 1} - {slot}
    assert [(slots.read(each), slots.told(each)) for each in others] == [
        (Seen(None, 0.0, 0.0), Word.GO_ON)
    ] * 2


def test_a_forked_worker_and_its_controller_see_the_same(slots: Slots) -> None:
    slots.reset(5, 0.0)
    slots.tell(5, Word.HAND_BACK)
    pid = os.fork()
    if pid == 0:
        slots.begin(5, slots.told(5) + 100, 1.0, 2.0)
        os._exit(0)
    os.waitpid(pid, 0)

    assert slots.read(5) == Seen(101, 1.0, 2.0)


def test_a_worker_that_has_only_the_descriptor_sees_the_same(slots: Slots) -> None:
    Slots(slots.descriptor).begin(5, 7, 1.0, 2.0)

    assert slots.read(5) == Seen(7, 1.0, 2.0)
