"""Asking a warm process: an order that was not answered in time is not obeyed later."""

import json
import os
import socket
from pathlib import Path

import pytest

from handrail.execution.warm_socket import GO, RefusedHereError, ask, listen, socket_path


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path)


def read_order(connection: socket.socket) -> object:
    line = b""
    while not line.endswith(b"\n"):
        line += connection.recv(1 << 16)
    return json.loads(line)


def test_nobody_is_there(state: str) -> None:
    assert not ask(state, {}, [], 1.0)


def test_somebody_was_there(state: str) -> None:
    listen(socket_path(state)).close()

    assert not ask(state, {}, [], 1.0)


def test_one_that_does_not_answer_is_not_waited_for_and_learns_that(state: str) -> None:
    with listen(socket_path(state)) as listener:
        with pytest.raises(TimeoutError):
            ask(state, {"a": 1}, [], 0.01)

        connection, _ = listener.accept()
        with connection:
            order, rest = read_order(connection), connection.recv(len(GO))

    assert (order, rest) == ({"a": 1}, b"")


def test_another_users_is_not_trusted(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody = os.getuid() + 1
    with listen(f"{state}/warm-{somebody}.sock") as listener:
        monkeypatch.setattr(os, "getuid", lambda: somebody)

        with pytest.raises(RefusedHereError, match=r"^the warm process is another user's$"):
            ask(state, {"secret": 1}, [], 1.0)

        connection, _ = listener.accept()
        with connection:
            assert connection.recv(100) == b""


def test_a_socket_takes_the_place_of_an_old_one_and_is_for_its_user_alone(state: str) -> None:
    path = socket_path(state)
    listen(path).close()

    with listen(path):
        assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_long_path_is_reached(tmp_path: Path) -> None:
    state = tmp_path / ("long" * 30)
    state.mkdir()

    with listen(socket_path(str(state))), pytest.raises(TimeoutError):
        ask(str(state), {}, [], 0.01)
