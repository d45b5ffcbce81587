"""Factories: fixtures that make things for a test, and tidy up behind it, newest first.

``@factory`` goes where ``@pytest.fixture`` would. The function takes fixtures as any other, and
returns what makes one thing: a generator that yields it, and undoes it afterwards::

    @factory
    def make_user(connection):
        def make(name="ann"):
            user = insert_user(connection, name)
            yield user
            delete_user(connection, user)

        return make


    def test_users_meet(make_user):
        ann, bob = make_user(), make_user("bob")  # bob goes first, then ann
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Any, ParamSpec, TypeVar

import pytest

Given = ParamSpec("Given")
Thing = TypeVar("Thing")

_MADE = pytest.StashKey[contextlib.ExitStack]()


def factory(
    function: Callable[..., Callable[Given, Generator[Thing]]],
) -> Callable[..., Callable[Given, Thing]]:
    """A fixture that gives tests what makes things. See the module.

    Everything that a test made is undone in the reverse order, whichever factory made it, whether
    the test passed or failed; if undoing one thing fails, the others are undone all the same, and
    the error is the test's. What makes a thing may also return it instead of yielding it: then there
    is nothing to undo.
    """

    def fixture(**given: Any) -> Iterator[Callable[Given, Thing]]:  # noqa: ANN401 - other fixtures
        request: pytest.FixtureRequest = given["request"]
        made = request.node.stash.setdefault(_MADE, contextlib.ExitStack())
        wanted = given if asks_for_request else {k: v for k, v in given.items() if k != "request"}
        make = function(**wanted)
        yield _remembering(make, made)
        # Factories end in the reverse order of their beginning. When the first one does, whatever any
        # of them needs is still there; afterwards it may not be.
        made.pop_all().close()

    signature = inspect.signature(function)
    asks_for_request = "request" in signature.parameters
    parameters = list(signature.parameters.values())
    if not asks_for_request:
        parameters.append(inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY))
    fixture.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    fixture.__name__, fixture.__doc__ = function.__name__, function.__doc__
    fixture.__module__, fixture.__qualname__ = function.__module__, function.__qualname__
    found: Callable[..., Callable[Given, Thing]] = pytest.fixture(fixture)
    return found


def _remembering(
    make: Callable[Given, Generator[Thing]], made: contextlib.ExitStack
) -> Callable[Given, Thing]:
    if not inspect.isgeneratorfunction(make):
        plain: Callable[Given, Thing] = make  # type: ignore[assignment]
        return plain

    @functools.wraps(make)
    def made_and_remembered(*args: Given.args, **kwargs: Given.kwargs) -> Thing:
        making = make(*args, **kwargs)
        thing = next(making)
        # Not as a context: what goes wrong with another thing is none of this one's business.
        made.callback(_undo, making, make)
        return thing

    return made_and_remembered


def _undo(making: Generator[Any], make: Callable[..., object]) -> None:
    for _ in making:
        raise RuntimeError(f"{make.__qualname__} yields twice; a factory makes one thing")
