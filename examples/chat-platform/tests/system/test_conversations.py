"""From a login to somebody else's WebSocket, and an answer from what was said."""

import httpx2
import pytest

from people import hear

pytestmark = [pytest.mark.system, pytest.mark.isolation("truncate")]


def test_what_ann_says_bob_hears(ann, bob):
    with bob.listens() as socket:
        said = ann.says("soup is ready")

        assert hear(socket) == {"type": "message", "message": said}


def test_both_hear_the_same_in_the_same_order(ann, bob):
    with ann.listens() as of_ann, bob.listens() as of_bob:
        said = [(ann, bob)[number % 2].says(f"message {number}") for number in range(10)]

        for socket in (of_ann, of_bob):
            assert [hear(socket)["message"] for _ in said] == said


def test_whoever_is_not_in_the_room_hears_nothing_of_it(ann, bob, person):
    carol = person("carol")
    carol.joins("attic")
    with carol.listens() as socket:
        ann.says("a secret")
        aloud = carol.says("hello", room="attic")

        assert hear(socket)["message"] == aloud


def test_whoever_comes_later_reads_what_was_said_and_hears_the_rest(ann, person):
    ann.says("soup at noon")
    dave = person("dave")
    dave.joins("kitchen")

    with dave.listens() as socket:
        ann.says("soup is ready")

        assert hear(socket)["message"]["number"] == 2
    assert [each["text"] for each in dave.reads()] == ["soup at noon", "soup is ready"]


def test_the_knowledge_base_answers_from_what_was_said(ann, bob):
    ann.says("When do we deploy?")
    bob.says("The deploy is on Thursday at four.")
    ann.says("Thanks, @bob!")

    [source] = ann.asks("When is the deploy?")

    assert (source["author"], source["number"]) == ("bob", 2)


def test_what_was_said_in_one_room_answers_nothing_in_another(ann, bob):
    bob.joins("attic")
    bob.says("The deploy is on Thursday.", room="attic")

    assert ann.asks("When is the deploy?") == []


def test_a_session_lasts_after_its_connection(ann, person):
    again = person("ann", is_new=False)

    assert again.token != ann.token
    assert again.says("it is me")["author"] == "ann"


def test_a_page_shows_what_came_by_the_api(ann, services):
    ann.says("soup for @ann")

    with httpx2.Client(base_url=services.web.url, cookies={"token": ann.token}) as browser:
        page = browser.get("/rooms/kitchen").text

    assert "soup for <b>@ann</b>" in page
    assert services.gateway.url.replace("http", "ws") in page


def test_what_is_typed_into_a_page_is_heard_by_whoever_listens(bob, services, ann):
    with (
        bob.listens() as socket,
        httpx2.Client(base_url=services.web.url, cookies={"token": ann.token}) as browser,
    ):
        browser.post("/rooms/kitchen", data={"text": "from a page"})

        assert hear(socket)["message"]["text"] == "from a page"


@pytest.mark.parametrize("name", ["auth", "chat", "knowledge", "gateway", "web"])
def test_each_service_is_the_one_it_should_be(name, services):
    assert httpx2.get(f"{services[name].url}/health").json() == {"service": name}
