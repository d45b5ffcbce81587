"""Answers, from a real chat: the worker's, on a database that is emptied after each test."""

import httpx2
import pytest
from fastapi.testclient import TestClient

from chat_platform.knowledge.app import PAGE, create_app, learn

pytestmark = [pytest.mark.integration, pytest.mark.isolation("truncate")]


@pytest.fixture
def ann(postgres, services):
    """Ann in the chat; the kitchen is hers."""
    with httpx2.Client(base_url=services.chat.url, headers={"x-user": "ann"}) as client:
        client.put("/rooms/kitchen")
        yield client


@pytest.fixture
def say(ann):
    """Say something in the kitchen."""

    def say(*texts):
        for text in texts:
            ann.post("/rooms/kitchen/messages", json={"text": text}).raise_for_status()

    return say


@pytest.fixture
def app(postgres, services):
    return create_app(postgres.url, services.chat.url)


@pytest.fixture
def ask(app, ann):
    """Ask in the kitchen; the texts that answer, or the status that says why none do."""
    with TestClient(app) as client:

        def ask(question, user="ann", room="kitchen"):
            path, who = f"/rooms/{room}/answer", {"x-user": user}
            response = client.get(path, params={"question": question}, headers=who)
            if response.is_error:
                return response.status_code
            return [each["text"] for each in response.json()["sources"]]

        yield ask


def test_what_was_said_answers(say, ask):
    say("the deploy is on thursday", "lunch is soup")

    assert ask("When is the deploy?") == ["the deploy is on thursday"]


def test_a_question_does_not_answer_itself(say, ask):
    say("when is the deploy?", "thursday it is")

    assert ask("When is the deploy?") == []


def test_what_is_said_after_the_first_question_is_known_to_the_second(say, ask):
    say("the deploy is on thursday")
    ask("When is the deploy?")
    say("the deploy moved to friday")

    assert ask("When is the deploy?")[0] == "the deploy moved to friday"


def test_three_sources_are_enough(say, ask):
    say(*(f"soup of day {number}" for number in range(5)))

    assert ask("Which soup?") == ["soup of day 4", "soup of day 3", "soup of day 2"]


def test_only_members_may_ask(say, ask):
    say("the code of the door is 1234")

    assert ask("What is the code?", user="carol") == 403


def test_there_is_no_such_room(ask):
    assert ask("What is it?", room="cellar") == 404


def test_more_than_a_page_is_learnt_page_by_page(app, postgres):
    asked = []

    def page(after):
        asked.append(after)
        numbers = range(after + 1, min(after + PAGE, PAGE + 3) + 1)
        return [{"room": "r", "number": n, "author": "ann", "text": f"word{n}"} for n in numbers]

    with app.state.sessions() as db:
        learn(db, "r", page)
        learn(db, "r", page)

    assert asked == [0, PAGE, PAGE + 3, PAGE + 3]


def test_two_who_learn_the_same_at_once_learn_it_once(app, postgres):
    said = [{"room": "r", "number": 1, "author": "ann", "text": "soup"}]

    def page_while_another_one_learns(after):
        if after:
            return []
        with app.state.sessions() as other:
            learn(other, "r", lambda after: [] if after else said)
        return said

    with app.state.sessions() as db:
        learn(db, "r", page_while_another_one_learns)

    with postgres.connect() as connection:
        assert connection.execute("SELECT count(*) FROM knowledge.passages").fetchone() == (1,)
