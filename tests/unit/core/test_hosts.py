"""Which hosts a variable points at; when in doubt, none is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.hosts import UnreadableHostsError, hosts_in

HOSTS = st.sampled_from(["localhost", "127.0.0.1", "db.example.com", "a-b_c.test", "x"])
SECRETS = st.text("abcABC019/@:?#=&,;()[] '\"", min_size=1, max_size=12).map("SECRET{}".format)


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("postgresql://user:pw@db.example.com:5432/app?sslmode=on", ["db.example.com"]),
        ("redis://:pw@[::1]:6379/0", ["::1"]),
        ("mongodb://u:p@a.test:1,b.test:2/x", ["a.test", "b.test"]),
        ("nats://a:4222,nats://b:4222", ["a", "b"]),
        ("http://a http://b", ["a", "b"]),
        ("jdbc:postgresql://h:1/d", ["h"]),
        ("//h/d", ["h"]),
        ("http://LocalHost./", ["localhost"]),
        ("http://user:p@ss@h/", ["h"]),
        ("postgresql:///d?host=h&port=1", ["h"]),
        ("postgresql://a/d?host=b", ["a", "b"]),
        ("host=h port=1 password=x", ["h"]),
        ("hostaddr='10.0.0.1' dbname=x", ["10.0.0.1"]),
        ("Driver=x;Server=h;Database=y", ["h"]),
        ("user:pw@tcp(h:3306)/db", ["h"]),
        ("mysql://user:pw@tcp(h:3306)/db", ["h"]),
        ("h", ["h"]),
        ("h:80", ["h"]),
        ("h/path", ["h"]),
        ("a:1,b:2", ["a", "b"]),
        ("::1", ["::1"]),
        ("[::1]:80", ["::1"]),
        ("user@h", ["h"]),
    ],
)
def test_hosts_are_found(value: str, hosts: list[str]) -> None:
    assert hosts_in(value) == hosts


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "/var/run/x.sock",
        "./x.db",
        "unix:///var/run/docker.sock",
        "sqlite:///x.db",
        "sqlite://:memory:",
        "host=/tmp dbname=x",
        "postgresql://%2Ftmp/x",
        "u:p@unix(/tmp/x)/d",
        "dbname=x",
    ],
)
def test_files_and_local_sockets_name_no_host(value: str) -> None:
    assert hosts_in(value) == []


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://user:p/w@db.example.com/x",
        "postgresql://localhost/x@prod",
        "http://localhost/?to=http://prod",
        "http://localhost:80x/",
        "user:pw",
        "localhost prod",
        "user:p/w@h",
        "dbname=postgresql://prod/x",
        "password=x@prod",
    ],
)
def test_what_might_hide_a_host_or_show_a_password_is_not_read(value: str) -> None:
    with pytest.raises(UnreadableHostsError) as caught:
        hosts_in(value)

    assert str(caught.value) == ""


@given(HOSTS, SECRETS, st.sampled_from(["postgresql://user:{}@{}:5432/x", "user:{}@tcp({})/x"]))
def test_a_password_is_never_taken_for_a_host(host: str, secret: str, shape: str) -> None:
    try:
        found = hosts_in(shape.format(secret, host))
    except UnreadableHostsError:
        found = []

    assert not any("secret" in each.lower() for each in found)


@given(st.text())
def test_any_value_is_read_or_refused(value: str) -> None:
    try:
        found = hosts_in(value)
    except UnreadableHostsError:
        return

    assert all(found)
