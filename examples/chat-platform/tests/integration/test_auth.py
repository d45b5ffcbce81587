"""Who somebody is. Every test once at each level of isolation."""

import pytest

pytestmark = pytest.mark.integration

ANN = {"name": "ann", "password": "correct horse"}


@pytest.fixture
def ann(auth):
    """Somebody who has signed up."""
    assert auth.post("/users", json=ANN).status_code == 201
    return ANN


@pytest.fixture
def token(auth, ann):
    """Somebody who has logged in."""
    return auth.post("/sessions", json=ann).json()["token"]


@pytest.fixture
def who(auth):
    """Whose token it is, or the status that says nobody's."""

    def who(token):
        response = auth.get("/sessions/mine", headers={"authorization": f"Bearer {token}"})
        return response.json()["name"] if response.is_success else response.status_code

    return who


def test_somebody_signs_up(auth):
    response = auth.post("/users", json=ANN)

    assert (response.status_code, response.json()) == (201, {"name": "ann"})


def test_a_name_is_taken_once(auth, ann):
    response = auth.post("/users", json=ANN | {"password": "another one"})

    assert (response.status_code, response.json()["detail"]) == (409, "ann is taken")


@pytest.mark.parametrize(
    "nonsense",
    [{"name": "Ann!"}, {"name": ""}, {"name": "a" * 32}, {"password": "short"}],
    ids=["no-name", "empty", "long", "short"],
)
def test_nonsense_is_refused(auth, nonsense):
    assert auth.post("/users", json=ANN | nonsense).status_code == 422


def test_whoever_logs_in_is_known_by_the_token(token, who):
    assert who(token) == "ann"


def test_a_token_that_nobody_gave_is_nobodys(who, token):
    assert who("made-up") == 401


def test_an_unknown_name_and_a_wrong_password_sound_the_same(auth, ann):
    wrong = auth.post("/sessions", json=ann | {"password": "wrong horse"})
    unknown = auth.post("/sessions", json=ann | {"name": "bob"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content


def test_whoever_logs_out_is_unknown(auth, token, who):
    auth.delete("/sessions/mine", headers={"authorization": f"Bearer {token}"})

    assert who(token) == 401


def test_a_session_ends_after_a_week(token, who, clock):
    clock.wait(days=6, hours=23)
    assert who(token) == "ann"

    clock.wait(hours=1)
    assert who(token) == 401


def test_after_five_wrong_passwords_somebody_must_wait(auth, ann, clock):
    for _ in range(5):
        auth.post("/sessions", json=ann | {"password": "wrong horse"})
    clock.wait(seconds=20)

    refused = auth.post("/sessions", json=ann)
    clock.wait(seconds=int(refused.headers["retry-after"]))
    accepted = auth.post("/sessions", json=ann)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
    assert accepted.status_code == 201


def test_the_mistakes_of_one_do_not_matter_to_another(auth, ann):
    auth.post("/users", json=ANN | {"name": "bob"})
    for _ in range(5):
        auth.post("/sessions", json=ann | {"password": "wrong horse"})

    assert auth.post("/sessions", json=ANN | {"name": "bob"}).status_code == 201


def test_two_sessions_of_one_person_end_one_by_one(auth, ann, who):
    first, second = (auth.post("/sessions", json=ann).json()["token"] for _ in range(2))

    auth.delete("/sessions/mine", headers={"authorization": f"Bearer {first}"})

    assert (who(first), who(second)) == (401, "ann")
