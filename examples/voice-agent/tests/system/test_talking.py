"""From the sound of a question to the sound of its answer."""

import urllib.error
import urllib.request

import pytest

from voice_agent.audio import BYTES
from voice_agent.client import Reply, Speaker
from voice_agent.synthesiser.voice import say
from voice_agent.vocabulary import GAP_FRAMES, WORD_FRAMES

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("hello", "hello"),
        ("two plus three", "five"),
        ("four minus nine", "minus five"),
        ("count to four", "one two three four"),
        ("hello hello", "pardon"),
    ],
)
def test_a_question_is_answered_in_sound(speaker, question, answer):
    assert speaker.ask(question).words == answer.split()


def test_the_speaker_is_told_what_was_understood_and_what_was_said(speaker):
    reply = speaker.ask("two plus three")

    assert reply.events == [
        {"type": "word", "word": "two"},
        {"type": "word", "word": "plus"},
        {"type": "word", "word": "three"},
        {"type": "heard", "words": ["two", "plus", "three"]},
        {"type": "done", "words": ["five"]},
    ]


def test_one_question_follows_another(speaker):
    questions = ["one plus one", "two plus two", "four plus four"]

    assert [speaker.ask(each).words for each in questions] == [["two"], ["four"], ["eight"]]


def test_the_answer_is_whole_frames(speaker):
    reply = speaker.ask("two plus three")

    assert len(reply.frames) == WORD_FRAMES + GAP_FRAMES
    assert {len(frame) for frame in reply.frames} == {BYTES}


def test_sound_may_come_in_pieces_of_any_size(speaker):
    whole = b"".join(say(["two", "plus", "three"]))

    speaker.send([whole[start : start + 1001] for start in range(0, len(whole), 1001)])

    assert speaker.reply().words == ["five"]


def test_two_speakers_do_not_disturb_each_other(url):
    with Speaker.at(url) as one, Speaker.at(url) as other:
        one.say("two plus three")
        other.say("count to two")

        assert other.reply().words == ["one", "two"]
        assert one.reply().words == ["five"]


def test_who_says_stop_is_not_answered(speaker):
    assert speaker.ask("stop").frames == []


def test_who_leaves_in_the_middle_leaves_the_others_alone(url, speaker):
    with Speaker.at(url) as hasty:
        hasty.say("count to nine hundred")
        while hasty.hear(Reply()) != "frame":
            pass

    assert speaker.ask("two plus three").words == ["five"]


def test_everything_is_counted(speaker, counts):
    before = counts()
    frames = len(speaker.ask("two plus three").frames)
    after = counts()

    assert after["frames_out"] - before["frames_out"] == frames
    assert after["frames_in"] - before["frames_in"] == len(say(["two", "plus", "three"]))


def test_there_is_no_other_page(url):
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{url}/admin", timeout=30)

    assert raised.value.code == 404
    assert raised.value.read() == b"there is /talk and /health\n"
