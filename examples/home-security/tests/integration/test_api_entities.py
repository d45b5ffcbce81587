"""Who and what the home knows."""

import pytest

pytestmark = pytest.mark.integration


def names(client, **query):
    return [each["name"] for each in client.get("/api/entities", params=query).json()]


def test_they_are_listed_by_name(client, home):
    assert names(client) == ["Ada", "Biscuit", "Blue van", "Grace"]


def test_and_by_kind(client, home):
    assert names(client, kind="vehicle") == ["Blue van"]


def test_somebody_new_is_known_from_then_on(client, home):
    response = client.post("/api/entities", json={"name": " Mallory ", "kind": "person"})

    assert response.status_code == 201
    assert response.json()["is_trusted"] is False
    assert "Mallory" in names(client)


def test_a_name_is_used_once_and_the_rest_of_the_request_survives(client, home):
    response = client.post("/api/entities", json={"name": "Ada", "kind": "pet"})

    assert (response.status_code, response.json()["detail"]) == (409, "Ada is known already")
    assert len(names(client)) == 4


def test_trust_can_be_given_and_taken(client, home):
    [van] = client.get("/api/entities?kind=vehicle").json()

    given = client.patch(f"/api/entities/{van['id']}", json={"is_trusted": True}).json()
    taken = client.patch(f"/api/entities/{van['id']}", json={"is_trusted": False}).json()

    assert (given["is_trusted"], taken["is_trusted"]) == (True, False)
    assert taken["note"] == van["note"]


def test_a_note_can_be_emptied(client, home):
    [van] = client.get("/api/entities?kind=vehicle").json()

    assert client.patch(f"/api/entities/{van['id']}", json={"note": ""}).json()["note"] == ""


def test_whoever_is_forgotten_leaves_their_events(client, report):
    ada = client.get("/api/entities").json()[0]
    event = report("person", entity_id=ada["id"])

    assert client.delete(f"/api/entities/{ada['id']}").status_code == 204

    assert "Ada" not in names(client)
    assert client.get(f"/api/events/{event['id']}").json()["entity"] is None


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_nobody_unknown_can_be_changed(method, client, home):
    more = {"json": {"note": "x"}} if method == "patch" else {}

    assert getattr(client, method)("/api/entities/999999", **more).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"name": "", "kind": "person"}, {"name": "X", "kind": "ghost"}, {"name": "X"}]
)
def test_half_a_person_is_refused(body, client, home):
    assert client.post("/api/entities", json=body).status_code == 422


def test_every_change_is_in_the_audit(client, home):
    added = client.post("/api/entities", json={"name": "Eve", "kind": "person"}).json()
    client.patch(f"/api/entities/{added['id']}", json={"is_trusted": True})
    client.delete(f"/api/entities/{added['id']}")

    entries = client.get("/api/audit").json()

    assert [each["action"] for each in entries] == ["entity.forget", "entity.change", "entity.add"]
    assert {each["target"] for each in entries} == {"Eve"}
    assert entries[1]["details"] == {"is_trusted": True}
