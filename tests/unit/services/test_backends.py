"""The first back end that does not refuse is taken; if all do, a person learns why and what to do."""

from pathlib import Path

import pytest

from handrail.frozen import replace
from handrail.model.tiers import Service
from handrail.services.backends import Native, NoBackendError, choose
from handrail.services.finding import Wanted
from handrail.services.recipes.redis import REDIS

NOWHERE = replace(REDIS, wanted=(Wanted(programs=("no-such-server",)),))


def test_a_program_that_is_missing_is_named_with_what_brings_it(tmp_path: Path) -> None:
    with pytest.raises(NoBackendError) as caught:
        choose(Service(name="redis"), NOWHERE, [Native({"PATH": str(tmp_path)})])

    assert caught.value.text() == (
        "error: nothing here can start redis [no-backend]\n"
        "  native: no no-such-server on PATH\n\n"
        "hint: pip install 'handrail[redis]', install the server, "
        "or set tool.handrail.services.redis.url"
    )


def test_a_back_end_that_is_not_wanted_is_not_asked(tmp_path: Path) -> None:
    with pytest.raises(NoBackendError) as caught:
        choose(Service(name="redis", backend="docker"), REDIS, [Native({"PATH": str(tmp_path)})])

    assert caught.value.where == ""


def test_what_no_extra_installs_is_not_said_to_be_in_one() -> None:
    with pytest.raises(NoBackendError) as caught:
        choose(Service(name="redis"), replace(NOWHERE, extra=""), [Native({})])

    assert caught.value.hint == "install the server, or set tool.handrail.services.redis.url"


def test_packages_that_this_python_lacks_are_named() -> None:
    wanted = replace(REDIS, wanted=(Wanted(modules=("no_such_package",)),))

    with pytest.raises(NoBackendError) as caught:
        choose(Service(name="redis"), wanted, [Native({})])

    assert caught.value.where == "native: no package no_such_package in this Python"


def test_an_app_needs_no_program_of_ours() -> None:
    native = Native({})

    assert choose(Service(name="api"), replace(REDIS, wanted=()), [native]) is native
