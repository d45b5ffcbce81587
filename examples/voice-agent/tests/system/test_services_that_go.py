"""A service that is gone is replaced by another; the speaker hears nothing of it."""

import json
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from calls import listened_to_by
from processes import gateway, started
from voice_agent.client import PATIENCE_S, Reply, Speaker
from voice_agent.synthesiser.voice import say

pytestmark = pytest.mark.system


@pytest.fixture
def spare(redis, url):
    """One more recogniser, to be ended by the test."""
    with started("recogniser", redis.url) as spare:
        yield spare


@pytest.fixture
def caller(spare, url):
    """Somebody whom the spare recogniser listens to."""
    with listened_to_by(spare, url) as speaker:
        yield speaker


def test_a_recogniser_that_is_killed_in_the_middle_of_a_sentence_is_replaced(
    spare, caller, counts, services
):
    frames = say(["two", "plus", "three"])
    moved = counts()["moved"]
    caller.send(frames[:10])
    assert caller.hear(Reply()) == "word"  # "two" has been understood, and "plus" has begun

    spare.kill()
    caller.send(frames[10:])
    reply = caller.reply()

    assert reply.words == ["five"]
    [now] = reply.told("listening")
    assert now["recogniser"] == services.recogniser.url.removeprefix("http://")
    assert counts()["moved"] > moved


def test_one_that_was_killed_is_not_chosen_while_it_is_still_announced(spare, caller, url):
    spare.kill()
    caller.ask("hello")

    for _ in range(4):
        with Speaker.at(url) as speaker:
            assert speaker.recogniser != spare.address


def test_one_that_leaves_hands_its_speakers_over(spare, caller):
    """A new model takes over while people talk: start the new one, end the old one."""
    assert caller.ask("one plus one").words == ["two"]

    spare.leave()

    assert caller.ask("two plus two").words == ["four"]


def test_a_new_one_is_found_without_a_restart(url, redis):
    with started("recogniser", redis.url) as new, listened_to_by(new, url) as speaker:
        assert speaker.ask("two plus three").words == ["five"]


@pytest.mark.parametrize("kind", ["dialogue", "synthesiser"])
def test_an_answer_does_not_miss_a_service_that_was_killed(speaker, redis, kind):
    with started(kind, redis.url) as spare:
        speaker.ask("count to two")  # so that both are connected
        speaker.ask("count to two")
        spare.kill()

        assert [speaker.ask("two plus three").words for _ in range(4)] == [["five"]] * 4


def test_a_synthesiser_that_is_killed_in_the_middle_of_an_answer_is_replaced(speaker, redis):
    with started("synthesiser", redis.url) as spare:
        speaker.say("count to twelve")
        reply = Reply()
        while speaker.hear(reply) != "frame":
            pass
        spare.kill()
        speaker.reply(reply)

    assert reply.end["type"] == "done"
    assert reply.words == (
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
    )


def test_who_calls_where_nobody_is_is_told(redis):
    elsewhere = f"redis://{urlsplit(redis.url).netloc}/1"

    with gateway(elsewhere) as url, connect(url.replace("http", "ws") + "/talk") as socket:
        assert json.loads(socket.recv(PATIENCE_S)) == {
            "type": "failed",
            "why": "no recogniser is announced",
        }


def test_an_answer_that_nobody_can_give_is_told(redis):
    elsewhere = f"redis://{urlsplit(redis.url).netloc}/2"

    with (
        started("recogniser", elsewhere),
        gateway(elsewhere) as url,
        Speaker.at(url) as speaker,
    ):
        reply = speaker.ask("two plus three")

    assert reply.end == {"type": "failed", "why": "no dialogue is announced"}
