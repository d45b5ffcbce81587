"""The audit is read, never written, from outside."""

import csv
import io

import pytest

from home_security.models import AuditEntry

pytestmark = pytest.mark.integration


@pytest.fixture
def entries(home, postgres_session):
    """Three lines, one of them with a formula in it."""
    lines = [
        ("Ada", "rule.add", "Smoke"),
        ("panel", "arming.changed", "away"),
        ("=1+1", "x", 'a,b\n"c"'),
    ]
    for actor, action, target in lines:
        postgres_session.add(
            AuditEntry(household_id=home.id, actor=actor, action=action, target=target)
        )
    postgres_session.flush()


def test_the_newest_comes_first(entries, client):
    assert [each["action"] for each in client.get("/api/audit").json()] == [
        "x", "arming.changed", "rule.add",
    ]  # fmt: skip


def test_only_actions_that_begin_with_a_word(entries, client):
    assert [each["target"] for each in client.get("/api/audit?action=arming").json()] == ["away"]


def test_only_so_many(entries, client):
    assert len(client.get("/api/audit?limit=2").json()) == 2


@pytest.mark.parametrize("query", ["action=A%25", "limit=0", "limit=501"])
def test_a_question_that_makes_no_sense_is_refused(query, client, home):
    assert client.get(f"/api/audit?{query}").status_code == 422


def test_the_export_has_every_line_and_no_formula(entries, client):
    response = client.get("/api/audit.csv")

    rows = list(csv.DictReader(io.StringIO(response.text, newline="")))
    assert response.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert [row["actor"] for row in rows] == ["'=1+1", "panel", "Ada"]
    assert rows[0]["target"] == 'a,b\n"c"'


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_it_from_outside(method, client, home):
    assert getattr(client, method)("/api/audit").status_code == 405
