"""What a test made is undone, newest first, however the test ended."""

import pytest

pytest_plugins = ["pytester"]

SHOP = """
    import pytest
    from handrail.testing.factories import factory

    log = []

    @pytest.fixture
    def till():
        yield
        log.append("till closed")

    @pytest.fixture
    def connection():
        yield "connection"
        log.append("disconnected")

    @factory
    def make_user(connection):
        def make(name="ann"):
            if name == "nobody":
                raise ValueError(name)
            yield f"{name} by {connection}"
            log.append(f"no {name}")
            if name == "eve":
                raise RuntimeError("eve stays")
        return make

    @factory
    def make_order(request, till):
        assert request.node.name

        def make(number):
            yield number
            log.append(f"no order {number}")
        return make

    @factory
    def make_name():
        return str.upper

    def teardown_module():
        print("LOG", ", ".join(log))
    """


def ran(pytester: pytest.Pytester, *tests: str) -> tuple[dict[str, int], str]:
    """How the tests ended, and what was undone, in this order."""
    pytester.makepyfile("\n".join([SHOP, *tests]))
    result = pytester.runpytest_inprocess("-s", "-p", "no:handrail", "-p", "no:asyncio")
    (line,) = [each for each in result.outlines if "LOG" in each]
    return result.parseoutcomes(), line.partition("LOG ")[2]


def test_the_newest_goes_first_whichever_factory_made_it(pytester: pytest.Pytester) -> None:
    outcomes, undone = ran(
        pytester,
        """
    def test_it(make_user, make_order):
        assert make_user() == "ann by connection"
        assert make_order(7) == 7
        make_user(name="bob")
        """,
    )

    assert outcomes == {"passed": 1}
    assert undone == "no bob, no order 7, no ann, till closed, disconnected"


def test_it_goes_also_when_the_test_fails(pytester: pytest.Pytester) -> None:
    outcomes, undone = ran(
        pytester,
        """
    def test_it(make_user):
        make_user()
        make_user("nobody")
        """,
    )

    assert outcomes == {"failed": 1}
    assert undone == "no ann, disconnected"


def test_when_one_cannot_be_undone_the_others_are(pytester: pytest.Pytester) -> None:
    outcomes, undone = ran(
        pytester,
        """
    def test_it(make_user):
        make_user()
        make_user("eve")
        make_user("bob")
        """,
    )

    assert outcomes == {"passed": 1, "errors": 1}
    assert undone == "no bob, no eve, no ann, disconnected"


def test_a_factory_makes_one_thing_at_a_time(pytester: pytest.Pytester) -> None:
    outcomes, _ = ran(
        pytester,
        """
    @factory
    def make_two():
        def make():
            yield 1
            yield 2
        return make

    def test_it(make_two):
        assert make_two() == 1
        """,
    )

    assert outcomes == {"passed": 1, "errors": 1}


def test_every_test_has_its_own(pytester: pytest.Pytester) -> None:
    _, undone = ran(
        pytester,
        """
    @pytest.mark.parametrize("turn", [1, 2])
    def test_it(make_order, turn):
        make_order(turn)
        """,
    )

    assert undone == "no order 1, till closed, no order 2, till closed"


def test_what_needs_no_undoing_may_be_returned(pytester: pytest.Pytester) -> None:
    outcomes, _ = ran(
        pytester,
        """
    def test_it(make_name, make_user):
        assert make_name("ann") == "ANN"
        """,
    )

    assert outcomes == {"passed": 1}
