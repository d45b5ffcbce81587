"""Hundreds of messages at once, to several listeners: nothing is lost, nothing comes twice."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from people import hear

pytestmark = [pytest.mark.system, pytest.mark.load, pytest.mark.isolation("truncate")]

SPEAKERS = 8
EACH_SAYS = 50


def test_four_hundred_messages_reach_every_listener_once_in_one_order(ann, bob, person):
    speakers = [person(f"speaker-{number}") for number in range(SPEAKERS)]
    for each in speakers:
        each.joins("kitchen")

    def talk(speaker):
        for number in range(EACH_SAYS):
            speaker.says(f"{speaker.name} {number}")

    with ExitStack() as listening, ThreadPoolExecutor(SPEAKERS) as pool:
        sockets = [listening.enter_context(each.listens()) for each in (ann, bob)]
        talking = [pool.submit(talk, each) for each in speakers]
        heard = [
            [hear(s)["message"]["number"] for _ in range(SPEAKERS * EACH_SAYS)] for s in sockets
        ]
        for each in talking:
            each.result()

    assert [sorted(each) for each in heard] == [list(range(1, SPEAKERS * EACH_SAYS + 1))] * 2
    assert heard[0] == heard[1]
