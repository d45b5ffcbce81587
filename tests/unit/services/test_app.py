"""The order that starts an app says everything: what runs where, told what, asked how."""

from typing import Any

import pytest

from handrail.frozen import replace
from handrail.model.services import Address, Probe, Ready, Start
from handrail.model.tiers import ReadyRule, Service
from handrail.services.finding import Programs
from handrail.services.recipe import Place
from handrail.services.recipes.app import app

PLACE = Place(
    name="api.2",
    folder="/s/api.2",
    host="127.64.0.1",
    port=8001,
    env={"PATH": "/usr/bin", "HOME": "/root"},
    values={"postgres.url": "postgresql://h/db"},
)
NOTHING = Programs(origin="the configuration", paths={})


def order(command: str, **more: Any) -> Start:
    service = replace(Service(name="api", command=command), **more)
    return app(service, root="/shop", programs="/venv/bin").start(NOTHING, PLACE)


def test_a_socket_is_handed_down() -> None:
    start = order("uvicorn shop:app --fd {fd}", env=(("ME", "{url}"),))

    assert start.argv == ("uvicorn", "shop:app", "--fd", "3")
    assert start.listens
    assert start.address == Address(host="127.64.0.1", port=0)
    assert start.env["ME"] == "http://127.64.0.1:{port}"  # the supervisor knows the port


def test_or_an_address_is_given() -> None:
    start = order("serve --bind {host}:{port}", env=(("ME", "{url}"),))

    assert start.argv == ("serve", "--bind", "127.64.0.1:8001")
    assert not start.listens
    assert start.address == Address(host="127.64.0.1", port=8001)
    assert start.env["ME"] == "http://127.64.0.1:8001"


def test_it_works_in_the_project_and_is_at_home_in_a_folder_of_its_own() -> None:
    start = order("serve", env=(("DATABASE_URL", "{postgres.url}"),))

    assert (start.works_in, start.folder) == ("/shop", "/s/api.2")
    assert start.env == {
        "PATH": "/venv/bin:/usr/bin",
        "HOME": "/root",
        "HANDRAIL_SERVICE_FOLDER": "/s/api.2",
        "DATABASE_URL": "postgresql://h/db",
    }


def test_a_quoted_word_stays_one_whatever_is_put_into_it() -> None:
    assert order("sh -c 'serve {host} {x}'").argv == ("sh", "-c", "serve 127.64.0.1 {x}")


@pytest.mark.parametrize(
    ("command", "rule", "ready"),
    [
        ("a {fd}", None, Ready(probe=Probe.TCP)),
        ("a", None, Ready()),
        ("a {port}", ReadyRule(tcp=True, within_s=3.0), Ready(probe=Probe.TCP, within_s=3.0)),
        ("a {fd}", ReadyRule(http="/up"), Ready(probe=Probe.HTTP, http_path="/up")),
        ("a {port}", ReadyRule(line="^up"), Ready(line="^up")),
        (
            "a {port}",
            ReadyRule(line="^up", http="/up"),
            Ready(line="^up", probe=Probe.HTTP, http_path="/up"),
        ),
    ],
)
def test_it_is_ready_when_the_configuration_says_so(
    command: str, rule: ReadyRule | None, ready: Ready
) -> None:
    assert order(command, ready=rule).ready == ready


def test_who_is_not_told_where_to_listen_has_no_url() -> None:
    recipe = app(Service(name="worker", command="work"), root="/", programs="")

    assert recipe.url(Address(port=8000)) == ""
