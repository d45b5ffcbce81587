"""``--guard``: what tests leave behind is told, with workers and without; usual fixtures are no leaks."""

import pytest
from real_runs import Project

pytestmark = pytest.mark.slow

LEAKY = """
import os
import shop

def test_clean(monkeypatch, tmp_path):
    monkeypatch.setenv("NAME", "x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shop, "ITEMS", ["only here"])

def test_leaks():
    shop.ITEMS.append("tea")

def test_leaks_a_variable():
    os.environ["SHOP"] = "open"
"""

FIXTURES = """
import os
import pytest
import shop

@pytest.fixture(scope="session", autouse=True)
def settings():
    os.environ["SHOP_MODE"] = "test"
    yield
    del os.environ["SHOP_MODE"]

@pytest.fixture(scope="module")
def items():
    shop.ITEMS.append("kept for the module")
    yield shop.ITEMS
    shop.ITEMS.clear()

@pytest.fixture(scope="module", params=[1, 2])
def number(request):
    shop.NUMBER = request.param
    yield request.param
    shop.NUMBER = 0

def setup_module():
    shop.READY = True

class TestItems:
    @classmethod
    def setup_class(cls):
        cls.seen = []

    def test_one(self, items): pass
    def test_two(self, number): assert shop.NUMBER == number
    def test_three(self, request): request.getfixturevalue("items")
    def test_four(self): import wave
"""


def notes(report: dict) -> list[str]:
    return [each["text"] for each in report["notes"] if each["code"] == "leak"]


@pytest.mark.parametrize("how", [("-n", "0"), ("-n", "2"), ("-n", "1", "--strategy", "spawn")])
def test_what_a_test_leaves_behind_is_a_note(project: Project, how: tuple[str, ...]) -> None:
    project.write(shop="ITEMS = []", test_leaky=LEAKY)

    done = project.run("--guard", *how)

    assert done.returncode == 0
    assert notes(done.report) == [
        "test_leaky.py::test_leaks left behind: module global shop.ITEMS: [] -> ['tea']",
        "test_leaky.py::test_leaks_a_variable left behind: environment variable SHOP: set",
    ]
    assert "note: test_leaky.py::test_leaks left behind: module global shop.ITEMS" in done.stdout


@pytest.mark.parametrize("how", [("-n", "0"), ("-n", "2")])
def test_fixtures_that_outlive_a_test_are_no_leaks(project: Project, how: tuple[str, ...]) -> None:
    project.write(shop="ITEMS = []\nNUMBER = 0\nREADY = False", test_fixtures=FIXTURES)

    done = project.run("--guard", *how)

    assert (done.returncode, notes(done.report)) == (0, [])


def test_leaks_can_be_failures(project: Project) -> None:
    project.write(shop="ITEMS = []", test_leaky=LEAKY)

    done = project.run("--guard=fail", "-n", "1")

    assert done.returncode == 1
    failure = done.failures["test_leaky.py::test_leaks"]
    assert failure["kind"] == "leak"
    assert failure["message"] == (
        "the test left something behind\nmodule global shop.ITEMS: [] -> ['tea']"
    )
    assert done.outcomes["test_leaky.py::test_clean"] == "passed"


def test_too_many_leaks_are_counted(project: Project) -> None:
    project.write(
        shop="ITEMS = []",
        test_many="""
        import pytest
        import shop

        @pytest.mark.parametrize("number", range(53))
        def test_it(number): shop.ITEMS.append(number)
        """,
    )

    found = notes(project.run("--guard", "-n", "1").report)

    assert len(found) == 51
    assert found[-1] == "3 more tests left something behind"
