"""A page that no browser test visited fails a run that was green."""

from types import SimpleNamespace

import pytest

from home_security.web import PAGES
from route_coverage import VISIT, RouteCoverage

PATHS = [page.path for page in PAGES]


@pytest.fixture
def finish():
    """The exit status of a session in which tests visited some paths."""

    def finish(
        paths, outcome="passed", source=pytest.Config.ArgsSource.TESTPATHS, keyword="", status=0
    ):
        option = SimpleNamespace(keyword=keyword)
        coverage = RouteCoverage(SimpleNamespace(args_source=source, option=option))
        for number, path in enumerate(paths):
            for when in ("setup", "call", "teardown"):
                result = outcome if when == "call" else "passed"
                test = (f"test_{number}", ("t.py", 1, "t"), {}, result, None, when)
                coverage.pytest_runtest_logreport(
                    pytest.TestReport(*test, user_properties=[(VISIT, path)])
                )
        session = SimpleNamespace(exitstatus=status)
        hook = coverage.pytest_sessionfinish(session)
        next(hook)
        with pytest.raises(StopIteration):
            hook.send(None)
        return int(session.exitstatus)

    return finish


def test_with_every_page_visited_all_is_well(finish):
    assert finish(PATHS) == 0


def test_one_page_that_nobody_visited_fails_the_run(finish):
    assert finish(PATHS[:-1]) == 1


def test_a_visit_of_a_test_that_failed_does_not_count(finish):
    assert finish(PATHS, outcome="failed") == 1


def test_a_run_that_was_red_already_stays_as_it_is(finish):
    assert finish(PATHS[:-1], status=2) == 2


def test_a_run_of_some_tests_is_not_judged(finish):
    assert finish(PATHS[:-1], source=pytest.Config.ArgsSource.ARGS) == 0
    assert finish(PATHS[:-1], keyword="audit") == 0


def test_a_run_without_a_browser_is_not_judged(finish):
    assert finish([]) == 0
