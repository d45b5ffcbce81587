"""Gates that a person opened."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from handrail.runs.atomic import UnwritableError
from handrail.runs.grants import Grant, Grants


@pytest.fixture
def grants(tmp_path: Path) -> Grants:
    return Grants(tmp_path / "grants.json")


def test_without_a_file_nothing_is_granted_and_nothing_is_wrong(grants: Grants) -> None:
    assert grants.granted(100.0) == frozenset()
    assert grants.read().problem == ""
    assert not grants.path.exists()


def test_a_gate_is_open_from_its_grant_until_it_expires(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)

    assert grants.granted(100.0) == {"destructive"}
    assert grants.granted(199.9) == {"destructive"}
    assert grants.granted(200.0) == frozenset()


def test_a_gate_granted_in_the_future_is_shut_for_the_clock_is_wrong(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)

    assert grants.granted(99.0) == frozenset()


def test_the_file_tells_who_opened_what_and_when(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)

    assert json.loads(grants.path.read_text()) == {
        "destructive": {"until": 200.0, "by": "ada", "at": 100.0}
    }
    assert grants.read().grants == (Grant(gate="destructive", until=200.0, by="ada", at=100.0),)


def test_granting_one_gate_leaves_the_others_open(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)
    grants.grant("costly", until=300.0, by="bob", at=150.0)

    assert grants.granted(160.0) == {"destructive", "costly"}


def test_granting_again_replaces_the_earlier_grant(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)
    grants.grant("destructive", until=120.0, by="ada", at=110.0)

    assert grants.granted(150.0) == frozenset()


def test_expired_grants_of_others_are_dropped(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)
    grants.grant("costly", until=400.0, by="bob", at=300.0)

    assert [each.gate for each in grants.read().grants] == ["costly"]


def test_a_revoked_gate_is_shut_and_the_others_are_not(grants: Grants) -> None:
    grants.grant("destructive", until=200.0, by="ada", at=100.0)
    grants.grant("costly", until=200.0, by="ada", at=100.0)

    grants.revoke("destructive")

    assert grants.granted(150.0) == {"costly"}


def test_revoking_what_was_never_granted_creates_nothing(grants: Grants) -> None:
    grants.revoke("destructive")

    assert not grants.path.exists()


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"[]",
        b"[[]]",
        b"\xff",
        b'{"a":7}',
        b'{"a":{}}',
        b'{"a":{"until":1e9,"by":"x"}}',
        b'{"a":{"until":"1e9","by":"x","at":0}}',
        b'{"a":{"until":true,"by":"x","at":0}}',
        b'{"a":{"until":Infinity,"by":"x","at":0}}',
        b'{"a":{"until":1e999,"by":"x","at":0}}',
        b'{"a":{"until":1e9,"by":"x","at":NaN}}',
        b'{"good":{"until":1e9,"by":"x","at":0},"a":7}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_grants_nothing_and_says_so(grants: Grants, written: bytes) -> None:
    grants.path.write_bytes(written)

    assert grants.granted(0.5) == frozenset()
    assert grants.read().problem == f"{grants.path}: damaged; no gate is open"


def test_a_file_that_cannot_be_read_grants_nothing_and_says_so(grants: Grants) -> None:
    grants.path.mkdir()

    assert grants.granted(0.5) == frozenset()
    assert grants.read().problem == f"{grants.path}: Is a directory; no gate is open"


def test_a_grant_repairs_a_damaged_file_with_itself_alone(grants: Grants) -> None:
    grants.path.write_bytes(b'{"good":{"until":1e9,"by":"x","at":0},"a":7}')

    grants.grant("costly", until=200.0, by="ada", at=100.0)

    assert grants.granted(150.0) == {"costly"}


def test_a_grant_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "missing" / "grants.json")

    with pytest.raises(UnwritableError, match=r"cannot write grants\.json"):
        grants.grant("costly", until=200.0, by="ada", at=100.0)


def test_grants_written_at_once_are_all_kept(grants: Grants) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from handrail.runs.grants import Grants\n"
        "sys.stdin.read()\n"
        "for number in range(20):\n"
        "    gate = f'{sys.argv[2]}{number}'\n"
        "    Grants(Path(sys.argv[1])).grant(gate, until=200.0, by='ada', at=100.0)\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(grants.path), name], stdin=subprocess.PIPE
        )
        for name in "abc"
    ]

    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()

    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(grants.granted(150.0)) == 60
