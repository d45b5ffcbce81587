"""Small projects, each with a habit that a parallel runner could get wrong. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Files by path, arguments for pytest, and what has to be installed."""

    files: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    """Command lines of earlier runs in the same place."""
    needs: tuple[str, ...] = ()
    options: tuple[str, ...] = field(default=())
    """Arguments that make sense for ``handrail run`` alone."""


def project(
    files: Mapping[str, str],
    *arguments: str,
    before: tuple[tuple[str, ...], ...] = (),
    needs: tuple[str, ...] = (),
) -> Project:
    return Project(
        files={name: dedent(text).lstrip("\n") for name, text in files.items()},
        arguments=arguments,
        before=before,
        needs=needs,
    )


INI = "[pytest]\n"
ASYNC_INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
SECOND = {"test_second.py": "def test_other():\n    pass\n"}
FAILING = {
    "test_a.py": """
        import pytest

        @pytest.mark.parametrize("n", range(4))
        def test_n(n):
            assert n != 2

        def test_good():
            pass
        """,
    "test_b.py": """
        def test_bad():
            assert False, "always"

        def test_fine():
            pass
        """,
    "test_c.py": """
        def test_one():
            pass

        def test_two():
            raise ValueError("two")
        """,
}

PROJECTS: Mapping[str, Project] = {
    "plain": project(
        {
            "test_a.py": """
                import pytest

                def test_passes():
                    pass

                def test_fails():
                    print("to stdout")
                    values = [1, 2, 3]
                    assert values == [1, 2, 4]

                class TestClass:
                    def test_method(self):
                        assert self.helper() == 2

                    def helper(self):
                        return 1

                @pytest.mark.parametrize("a, b", [(1, 1), (1, 2), pytest.param(2, 3, id="named")])
                def test_pair(a, b):
                    assert a == b

                def test_chain():
                    try:
                        {}["key"]
                    except KeyError as error:
                        raise RuntimeError("while looking") from error
                """,
            "test_b.py": """
                import sys

                def test_err():
                    print("to stderr", file=sys.stderr)
                    raise ValueError("several\\nlines")

                def test_passes():
                    print("only seen in junit")
                """,
        }
    ),
    "fixtures": project(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(scope="session")
                def everything():
                    return []

                @pytest.fixture(scope="module", params=["x", "y"])
                def each(request):
                    yield request.param
                    print("module teardown", request.param)

                @pytest.fixture(autouse=True)
                def around(request):
                    print("before", request.node.name)
                    yield
                    print("after", request.node.name)
                """,
            "test_a.py": """
                import pytest

                @pytest.fixture
                def broken_teardown():
                    yield 1
                    raise OSError("teardown")

                @pytest.fixture
                def broken_setup():
                    print("in setup")
                    raise LookupError("setup")

                @pytest.fixture(scope="class")
                def per_class(request):
                    request.cls.value = 1
                    yield
                    raise RuntimeError("class teardown")

                def test_each(each, everything):
                    everything.append(each)
                    assert everything[-1] == each

                def test_each_again(each):
                    assert each == "x"

                def test_teardown(broken_teardown):
                    pass

                def test_both(broken_teardown):
                    assert False

                def test_setup(broken_setup):
                    pass

                @pytest.mark.usefixtures("per_class")
                class TestValue:
                    def test_value(self):
                        assert self.value == 1

                    def test_value_again(self):
                        assert self.value == 2
                """,
            "test_b.py": """
                import pytest

                @pytest.fixture(scope="module")
                def broken_module():
                    yield
                    raise RuntimeError("module teardown")

                def test_first(broken_module):
                    pass

                def test_last(broken_module):
                    pass
                """,
            "pack/__init__.py": "",
            "pack/conftest.py": """
                import pytest

                @pytest.fixture(scope="package")
                def packed():
                    yield 5
                """,
            "pack/test_one.py": "def test_packed(packed):\n    assert packed == 5\n",
            "pack/test_two.py": "def test_packed(packed):\n    assert packed == 6\n",
        }
    ),
    "wide-fixtures-and-idle-workers": project(
        {
            "test_module.py": """
                import time
                import pytest

                @pytest.fixture(scope="module")
                def wide():
                    print("set up")
                    yield []
                    print("torn down")

                @pytest.mark.parametrize("n", range(40))
                def test_n(wide, n):
                    time.sleep(0.03)
                    wide.append(n)
                    assert len(wide) == n + 1
                """,
            "test_classes.py": """
                import time
                import unittest
                import pytest

                class TestOne:
                    @pytest.fixture(scope="class", autouse=True)
                    def wide(self):
                        print("set up")
                        yield
                        print("torn down")

                    @pytest.mark.parametrize("n", range(7))
                    def test_n(self, n):
                        time.sleep(0.03)

                class TestTwo(TestOne):
                    pass

                class Case(unittest.TestCase):
                    @classmethod
                    def setUpClass(cls):
                        print("set up")
                        cls.count = 0

                    @classmethod
                    def tearDownClass(cls):
                        print("torn down", cls.count)

                    def count_one(self):
                        time.sleep(0.03)
                        type(self).count += 1

                    test_a = test_b = test_c = test_d = test_e = count_one
                """,
        }
    ),
    "modules-that-rely-on-each-other": project(
        {
            "registry.py": "seen = []\n",
            "test_a.py": """
                import warnings
                import registry

                registry.seen.append("a")
                print("imported a")
                warnings.warn("importing a")

                def test_all_are_imported():
                    print("seen", sorted(registry.seen))
                    assert sorted(registry.seen) == ["a", "b", "c", "d"]
                """,
            "test_b.py": """
                import warnings
                import registry

                registry.seen.append("b")
                print("imported b")
                warnings.warn("importing b")

                def test_all_are_imported():
                    print("seen", sorted(registry.seen))
                    assert sorted(registry.seen) == ["a", "b", "c", "d"]
                """,
            "test_c.py": """
                import warnings
                import registry

                registry.seen.append("c")
                print("imported c")
                warnings.warn("importing c")

                def test_all_are_imported():
                    print("seen", sorted(registry.seen))
                    assert sorted(registry.seen) == ["a", "b", "c", "d"]
                """,
            "test_d.py": """
                import pytest
                import registry

                registry.seen.append("d")
                pytest.skip("not here", allow_module_level=True)
                """,
        }
    ),
    "session-fixture-teardown-error": project(
        {
            "conftest.py": """
                import pytest

                @pytest.fixture(scope="session")
                def whole():
                    yield
                    raise RuntimeError("session teardown")
                """,
            "test_a.py": "def test_a(whole):\n    pass\n\ndef test_b():\n    pass\n",
        }
    ),
    "skips-and-xfails": project(
        {
            "pytest.ini": "[pytest]\nxfail_strict = false\nmarkers = odd\n",
            "test_a.py": """
                import pytest

                @pytest.mark.skip(reason="not today")
                def test_skip():
                    pass

                @pytest.mark.skipif(True, reason="never")
                def test_skipif():
                    pass

                def test_skip_inside():
                    pytest.skip("inside")

                @pytest.mark.xfail(reason="known")
                def test_xfail():
                    assert False

                @pytest.mark.xfail
                def test_xpass():
                    pass

                @pytest.mark.xfail(strict=True, reason="strictly")
                def test_strict():
                    pass

                @pytest.mark.xfail(raises=KeyError)
                def test_other_error():
                    raise ValueError

                @pytest.mark.xfail(run=False, reason="would hang")
                def test_not_run():
                    assert False

                def test_xfail_inside():
                    pytest.xfail("told so")

                @pytest.fixture
                def skipping():
                    pytest.skip("from a fixture")

                def test_skipping(skipping):
                    pass
                """,
            "test_module.py": """
                import pytest

                pytest.skip("whole module", allow_module_level=True)
                """,
            "test_import.py": """
                import pytest

                pytest.importorskip("no_such_module_here")
                """,
            "test_mark.py": """
                import pytest

                pytestmark = [pytest.mark.skip(reason="by pytestmark")]

                def test_a():
                    pass
                """,
        },
        "-rA",
    ),
    "subtests": project(
        {
            "test_a.py": """
                def test_subtests(subtests):
                    for n in range(4):
                        with subtests.test(msg="number", n=n):
                            print("number", n)
                            assert n % 2 == 0

                def test_all_pass(subtests):
                    with subtests.test("only"):
                        pass

                def test_skip_inside(subtests):
                    import pytest
                    with subtests.test("skipped"):
                        pytest.skip("no")
                """,
            "test_unit.py": """
                import unittest

                class Test(unittest.TestCase):
                    def test_sub(self):
                        for n in range(3):
                            with self.subTest(n=n):
                                self.assertEqual(n, 1)

                    def test_fine(self):
                        with self.subTest("fine"):
                            pass
                """,
        }
    ),
    "unittest": project(
        {
            "test_a.py": """
                import unittest

                class TestLife(unittest.TestCase):
                    @classmethod
                    def setUpClass(cls):
                        cls.value = 1

                    @classmethod
                    def tearDownClass(cls):
                        raise RuntimeError("tearDownClass")

                    def setUp(self):
                        self.addCleanup(print, "cleaned")

                    def test_a(self):
                        self.assertEqual(self.value, 1)

                    def test_b(self):
                        self.assertIn(3, [1, 2])

                    @unittest.skip("skipped")
                    def test_c(self):
                        pass

                    @unittest.expectedFailure
                    def test_d(self):
                        self.fail()

                    @unittest.expectedFailure
                    def test_e(self):
                        pass

                class TestBroken(unittest.TestCase):
                    @classmethod
                    def setUpClass(cls):
                        raise RuntimeError("setUpClass")

                    def test_a(self):
                        pass

                class TestAsync(unittest.IsolatedAsyncioTestCase):
                    async def test_a(self):
                        self.assertTrue(False)
                """,
            **SECOND,
            "test_module.py": """
                def setup_module(module):
                    module.ready = True

                def teardown_module(module):
                    print("bye")
                    raise ValueError("teardown_module")

                class TestX:
                    def setup_method(self, method):
                        self.name = method.__name__

                    def test_name(self):
                        assert self.name == "test_name" and ready
                """,
        }
    ),
    "doctests": project(
        {
            "pytest.ini": "[pytest]\naddopts = --doctest-modules --doctest-glob=*.txt\n",
            "module.py": '''
                def double(n):
                    """
                    >>> double(2)
                    4
                    >>> double(3)
                    7
                    """
                    return 2 * n

                def skipped():
                    """
                    >>> 1 / 0  # doctest: +SKIP
                    """

                class Thing:
                    """
                    >>> Thing().size
                    1
                    """
                    size = 1
                ''',
            "test_both.py": '''
                def helper():
                    """
                    >>> helper()
                    'helped'
                    """
                    return "helped"

                def test_it():
                    assert helper() == "help"
                ''',
            "text.txt": ">>> 1 + 1\n2\n>>> 1 + 2\n4\n",
            "sub/fine.txt": ">>> 'fine'\n'fine'\n",
        }
    ),
    "asyncio": project(
        {
            "pytest.ini": ASYNC_INI,
            "test_a.py": """
                import asyncio
                import pytest

                @pytest.fixture
                async def ready():
                    await asyncio.sleep(0)
                    yield 1
                    await asyncio.sleep(0)

                async def test_ready(ready):
                    assert ready == 1

                async def test_fails(ready):
                    await asyncio.sleep(0)
                    assert ready == 2

                @pytest.mark.parametrize("n", [1, 2])
                async def test_n(n):
                    await asyncio.sleep(0)
                    assert n == 1
                """,
            "test_b.py": """
                import asyncio

                async def test_gather():
                    assert await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2)) == [1, 2]

                def test_sync():
                    assert asyncio.run(asyncio.sleep(0, 3)) == 4
                """,
        },
        needs=("pytest_asyncio",),
    ),
    "asyncio-loop-scopes": project(
        {
            "pytest.ini": ASYNC_INI.replace("= function", "= session")
            + "asyncio_default_test_loop_scope = session\n",
            "conftest.py": """
                import asyncio
                import pytest

                @pytest.fixture(scope="session")
                async def queue():
                    found = asyncio.Queue()
                    await found.put(1)
                    return found
                """,
            "test_a.py": "async def test_a(queue):\n    assert queue.qsize() == 1\n",
            "test_b.py": "async def test_b(queue):\n    assert queue.qsize() == 2\n",
        },
        needs=("pytest_asyncio",),
    ),
    "hypothesis": project(
        {
            "conftest.py": """
                from hypothesis import settings

                settings.register_profile("steady", derandomize=True, database=None, deadline=None)
                settings.load_profile("steady")
                """,
            "test_a.py": """
                from hypothesis import given, strategies as st

                @given(st.integers())
                def test_small(n):
                    assert n < 10

                @given(st.lists(st.integers()))
                def test_reversed(values):
                    assert list(reversed(list(reversed(values)))) == values
                """,
            **SECOND,
        },
        needs=("hypothesis",),
    ),
    "capture": project(
        {
            "test_a.py": """
                import logging
                import os
                import subprocess
                import sys

                def test_capsys(capsys):
                    print("seen")
                    assert capsys.readouterr().out == "seen\\n"
                    print("left over")
                    assert False

                def test_capfd(capfd):
                    os.write(1, b"raw\\n")
                    assert capfd.readouterr().out == "raw\\n"

                def test_caplog(caplog):
                    logging.getLogger("x").warning("warned %s", 1)
                    assert "warned" in caplog.text
                    assert caplog.record_tuples == []

                def test_raw():
                    os.write(1, b"raw one\\n")
                    os.write(2, b"raw two\\n")
                    assert False

                def test_child():
                    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
                    assert False

                def test_all():
                    print("out")
                    print("err", file=sys.stderr)
                    logging.getLogger().error("logged")
                    assert False

                def test_quiet_after_noise():
                    assert False
                """,
            "test_b.py": """
                import logging
                import pytest

                @pytest.fixture
                def loud():
                    print("set-up out")
                    logging.warning("set-up log")
                    yield
                    print("tear-down out")
                    logging.warning("tear-down log")

                def test_loud(loud):
                    print("call out")
                    assert False

                def test_loud_pass(loud, capsys):
                    with capsys.disabled():
                        pass
                """,
        },
        "--log-level=INFO",
    ),
    "capture-sys": project(
        {
            "test_a.py": "def test_a():\n    print('x')\n    assert 0\n",
            "test_b.py": "import sys\n\ndef test_b():\n    sys.stderr.write('y')\n    assert 0\n",
        },
        "--capture=sys",
    ),
    "warnings": project(
        {
            "pytest.ini": "[pytest]\nfilterwarnings =\n    default\n    error::RuntimeWarning\n",
            "test_a.py": """
                import warnings
                import pytest

                warnings.warn("at import", UserWarning)

                class Own(UserWarning):
                    def __init__(self, code, text):
                        super().__init__(code, text)

                def test_warns():
                    warnings.warn("inside")
                    warnings.warn("inside")
                    warnings.warn("old", DeprecationWarning)

                def test_own():
                    warnings.warn(Own(7, "own"))

                def test_error():
                    warnings.warn("fatal", RuntimeWarning)

                @pytest.mark.filterwarnings("ignore")
                def test_ignored():
                    warnings.warn("unseen")

                @pytest.mark.filterwarnings("error")
                def test_fatal():
                    warnings.warn("now fatal")

                def test_caught(recwarn):
                    warnings.warn("caught")
                    assert len(recwarn) == 1

                @pytest.mark.unknown_mark
                def test_unknown():
                    pass

                def test_returns():
                    return 5
                """,
            "test_b.py": """
                import warnings
                import pytest

                @pytest.fixture(scope="module")
                def noisy():
                    warnings.warn("from a fixture")

                @pytest.mark.parametrize("n", range(3))
                def test_n(noisy, n):
                    warnings.warn("each")

                def test_unraisable():
                    class Bad:
                        def __del__(self):
                            raise ValueError("in del")
                    Bad()

                def test_thread():
                    import threading
                    thread = threading.Thread(target=lambda: 1 / 0)
                    thread.start()
                    thread.join()
                """,
        }
    ),
    "warnings-are-errors": project(
        {
            "pytest.ini": "[pytest]\nfilterwarnings = error\naddopts = -p no:asyncio\n",
            "test_a.py": """
                import warnings
                import pytest

                def test_warns():
                    warnings.warn("fatal")

                @pytest.mark.parametrize("n", range(5))
                def test_fine(n):
                    print(n)
                """,
            **SECOND,
        },
    ),
    "hooks": project(
        {
            "conftest.py": """
                import pathlib
                import pytest

                LOG = pathlib.Path("calls.txt")

                def note(text):
                    with LOG.open("a") as file:
                        file.write(text + "\\n")

                def pytest_sessionstart(session):
                    note("sessionstart")

                def pytest_sessionfinish(session, exitstatus):
                    note(f"sessionfinish {int(exitstatus)} {session.testsfailed} {session.testscollected}")

                def pytest_collection_modifyitems(session, config, items):
                    gone = [item for item in items if "gone" in item.name]
                    config.hook.pytest_deselected(items=gone)
                    items[:] = sorted((i for i in items if i not in gone), key=lambda i: i.name)
                    items[0].add_marker(pytest.mark.skip(reason="the first of all"))

                def pytest_itemcollected(item):
                    item.user_properties.append(("collected", item.name))

                @pytest.hookimpl(wrapper=True)
                def pytest_runtest_makereport(item, call):
                    report = yield
                    report.extra_value = {"name": item.name, "when": call.when}
                    report.sections.append(("Mine", f"section of {item.name}"))
                    return report

                SEEN = []

                def pytest_runtest_logreport(report):
                    SEEN.append((report.nodeid, report.when, report.outcome, report.extra_value["name"]))

                def pytest_terminal_summary(terminalreporter, exitstatus, config):
                    terminalreporter.section("mine")
                    for seen in sorted(SEEN):
                        terminalreporter.write_line("seen " + " ".join(seen))
                    terminalreporter.write_line("calls " + LOG.read_text().replace("\\n", ";"))
                """,
            "test_a.py": """
                def test_z():
                    pass

                def test_a():
                    pass

                def test_gone():
                    pass
                """,
            "test_b.py": """
                def test_m():
                    assert False

                def test_b(record_property):
                    record_property("key", "value")
                """,
        }
    ),
    "modifyitems-first-in-a-folder": project(
        {
            "sub/conftest.py": """
                import pytest

                @pytest.hookimpl(tryfirst=True)
                def pytest_collection_modifyitems(items):
                    for item in items:
                        if item.name != "test_c":
                            item.add_marker(pytest.mark.skip(reason="by the conftest"))
                """,
            "sub/test_a.py": "def test_a():\n    assert False\n",
            "sub/test_b.py": "def test_b():\n    assert False\n",
            "test_c.py": "def test_c():\n    pass\n",
        }
    ),
    "modifyitems-around": project(
        {
            "conftest.py": """
                import pytest

                @pytest.hookimpl(wrapper=True)
                def pytest_collection_modifyitems(items):
                    before = list(items)
                    yield
                    items[:] = before
                """,
            "test_a.py": "def test_a():\n    pass\n",
            "test_b.py": "def test_b():\n    assert False\n",
        }
    ),
    "hooks-per-item": project(
        {
            "conftest.py": """
                import pathlib
                import pytest

                def note(text):
                    with pathlib.Path("calls.txt").open("a") as file:
                        file.write(text + "\\n")

                def pytest_sessionstart(session):
                    note("sessionstart")

                def pytest_sessionfinish(session, exitstatus):
                    note("sessionfinish")

                def pytest_unconfigure(config):
                    if not hasattr(config, "workerinput"):
                        print("calls", pathlib.Path("calls.txt").read_text().split())

                def pytest_configure(config):
                    config.stash_value = 5

                def pytest_runtest_setup(item):
                    if item.get_closest_marker("forbidden"):
                        pytest.skip("forbidden by the conftest")

                def pytest_report_header(config):
                    return "header of the project"

                def pytest_report_teststatus(report, config):
                    if report.when == "call" and report.nodeid.endswith("test_good"):
                        return "passed", "G", "GOOD"

                def pytest_assertrepr_compare(op, left, right):
                    if left == 41:
                        return ["nearly", "but not quite"]
                """,
            "test_a.py": """
                import pytest

                def test_good(pytestconfig):
                    assert pytestconfig.stash_value == 5

                @pytest.mark.forbidden
                def test_forbidden():
                    assert False
                """,
            "test_b.py": "def test_nearly():\n    assert 41 == 42\n",
        }
    ),
    "generate-tests": project(
        {
            "conftest.py": """
                def pytest_generate_tests(metafunc):
                    if "word" in metafunc.fixturenames:
                        metafunc.parametrize("word", ["a", "b"], indirect=False)
                """,
            "test_a.py": """
                import pytest

                def pytest_generate_tests(metafunc):
                    if "number" in metafunc.fixturenames:
                        metafunc.parametrize("number", [1, 2], ids=["one", "two"])

                def test_word(word):
                    assert word == "a"

                def test_number(number):
                    assert number == 1

                @pytest.fixture(params=[1, 2, 3], ids=lambda n: f"p{n}")
                def param(request):
                    return request.param

                def test_param(param, word):
                    assert param != 2
                """,
            "test_b.py": "def test_word(word):\n    assert word == 'b'\n",
        }
    ),
    "custom-items": project(
        {
            "conftest.py": """
                import pytest

                def pytest_collect_file(parent, file_path):
                    if file_path.suffix == ".yaml" and file_path.name.startswith("test"):
                        return YamlFile.from_parent(parent, path=file_path)

                class YamlFile(pytest.File):
                    def collect(self):
                        for line in self.path.read_text().splitlines():
                            name, _, value = line.partition(": ")
                            yield YamlItem.from_parent(self, name=name, value=value)

                class YamlItem(pytest.Item):
                    def __init__(self, *, value, **kwargs):
                        super().__init__(**kwargs)
                        self.value = value

                    def runtest(self):
                        print("value", self.value)
                        if self.value == "bad":
                            raise BadValue(self.value)

                    def repr_failure(self, excinfo):
                        return f"the value {excinfo.value} is not good"

                    def reportinfo(self):
                        return self.path, 0, f"usecase: {self.name}"

                class BadValue(Exception):
                    pass
                """,
            "test_x.yaml": "first: good\nsecond: bad\n",
            "sub/test_y.yaml": "third: bad\nfourth: good\n",
            "test_a.py": "def test_a():\n    pass\n",
        }
    ),
    "nested-conftests": project(
        {
            "conftest.py": "import pytest\n\n@pytest.fixture\ndef value():\n    return 'root'\n",
            "test_root.py": "def test_value(value):\n    assert value == 'root'\n",
            "a/conftest.py": "import pytest\n\n@pytest.fixture\ndef value(value):\n    return value + '-a'\n",
            "a/test_a.py": "def test_value(value):\n    assert value == 'root-a'\n",
            "a/b/conftest.py": """
                import pytest

                @pytest.fixture(autouse=True)
                def always(value):
                    print("always", value)

                @pytest.fixture
                def value(value):
                    return value + '-b'
                """,
            "a/b/test_b.py": "def test_value(value):\n    assert value == 'root-a-c'\n",
        }
    ),
    "import-mode-importlib": project(
        {
            "pytest.ini": "[pytest]\naddopts = --import-mode=importlib\npythonpath = src\n",
            "src/lib.py": "VALUE = 1\n",
            "a/test_same.py": "from lib import VALUE\n\ndef test_a():\n    assert VALUE == 1\n",
            "b/test_same.py": "from lib import VALUE\n\ndef test_b():\n    assert VALUE == 2\n",
        }
    ),
    "import-mode-append": project(FAILING, "--import-mode=append"),
    "same-basename-in-packages": project(
        {
            "__init__.py": "",
            "a/__init__.py": "",
            "b/__init__.py": "",
            "a/test_same.py": "def test_x():\n    assert __name__.endswith('a.test_same')\n",
            "b/test_same.py": "def test_x():\n    assert __name__ == 'b'\n",
        }
    ),
    "same-basename-clash": project(
        {
            "a/test_same.py": "def test_x():\n    pass\n",
            "b/test_same.py": "def test_x():\n    pass\n",
            "c/test_other.py": "def test_x():\n    pass\n",
        }
    ),
    "same-basename-clash-continued": project(
        {
            "a/test_same.py": "def test_x():\n    pass\n",
            "b/test_same.py": "def test_x():\n    pass\n",
            "c/test_other.py": "def test_x():\n    pass\n",
        },
        "--continue-on-collection-errors",
    ),
    "rootdir": project(
        {
            "conftest.py": "raise RuntimeError('above confcutdir')\n",
            "inner/pytest.ini": INI,
            "inner/tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef v():\n    return 1\n",
            "inner/tests/test_a.py": "def test_a(v):\n    assert v == 1\n",
            "inner/tests/test_b.py": "def test_b(v):\n    assert v == 2\n",
        },
        "--rootdir=inner",
        "--confcutdir=inner",
        "inner/tests",
    ),
    "config-file-elsewhere": project(
        {
            "conf/other.ini": "[pytest]\npython_files = check_*.py\npython_functions = check_*\n",
            "check_a.py": "def check_a():\n    pass\n",
            "check_b.py": "def check_b():\n    assert False\n",
            "test_no.py": "def test_no():\n    assert False\n",
        },
        "-c",
        "conf/other.ini",
        "--rootdir=.",
    ),
    "parametrised-ids": project(
        {
            "test_a.py": """
                import pytest

                IDS = ["naïve ☃", "new\\nline", "a::b", "[x]", "tab\\t", "", " spaced ", "x/y", "é" * 20]

                @pytest.mark.parametrize("value", IDS)
                def test_value(value):
                    assert len(value) != 4

                @pytest.mark.parametrize("n", [1, 2, 3], ids=["snow ☃", "b::c[d]", "new\\nline"])
                def test_id(n):
                    assert n == 1

                @pytest.mark.parametrize("raw", [b"\\x00\\xff", b"ok", None, 1.5, object, "same", "same"])
                def test_raw(raw):
                    assert raw != b"ok"
                """,
            "test_b.py": """
                import pytest

                class TestDeep:
                    class TestDeeper:
                        @pytest.mark.parametrize("a", [1, 2])
                        @pytest.mark.parametrize("b", ["::", "["])
                        def test_x(self, a, b):
                            assert a == 1
                """,
        }
    ),
    "select-k": project(FAILING, "-k", "n or fine"),
    "select-m": project(
        {
            **{name: text for name, text in FAILING.items() if name != "test_c.py"},
            "pytest.ini": "[pytest]\nmarkers =\n    one\n    two\n",
            "test_c.py": """
                import pytest

                @pytest.mark.one
                def test_one():
                    pass

                @pytest.mark.two
                def test_two():
                    assert False

                @pytest.mark.one
                @pytest.mark.two
                def test_both():
                    pass
                """,
            "test_d.py": "import pytest\n\npytestmark = pytest.mark.one\n\ndef test_d():\n    assert 0\n",
        },
        "-m",
        "one and not two",
    ),
    "deselect": project(FAILING, "--deselect", "test_a.py::test_n[2]", "--deselect", "test_c.py"),
    "ignore": project(FAILING, "--ignore", "test_b.py", "--ignore-glob", "*_c.py"),
    "node-ids": project(FAILING, "test_a.py::test_n[2]", "test_c.py", "test_b.py::test_fine"),
    "paths-in-another-order": project(FAILING, "test_c.py", "test_a.py"),
    "last-failed": project(FAILING, "--lf", before=((),)),
    "last-failed-none": project(SECOND, "--lf", before=((),)),
    "failed-first": project(FAILING, "--ff", before=((),)),
    "durations": project(FAILING, "--durations=3", "--durations-min=0"),
    "tb-short": project(FAILING, "--tb=short"),
    "tb-line": project(FAILING, "--tb=line"),
    "tb-native": project(FAILING, "--tb=native"),
    "show-locals": project(FAILING, "-l"),
    "verbose": project(FAILING, "-vv"),
    "quiet": project(FAILING, "-q"),
    "import-error": project({**FAILING, "test_e.py": "import no_such_module_here\n"}),
    "syntax-error": project({**FAILING, "test_e.py": "def test_x(:\n    pass\n"}),
    "fixture-not-found": project({**FAILING, "test_e.py": "def test_x(nowhere):\n    pass\n"}),
    "collection-errors-continued": project(
        {
            **FAILING,
            "test_e.py": "print('while importing')\nimport no_such_module_here\n",
            "test_f.py": "def test_x(:\n    pass\n",
            "test_g.py": "raise KeyError('at import')\n",
            "test_h.py": "import pytest\npytest.fail('at import')\n",
        },
        "--continue-on-collection-errors",
    ),
    "duplicate-parametrize-error": project(
        {
            **FAILING,
            "test_e.py": "import pytest\n\n@pytest.mark.parametrize('n', [1])\ndef test_x(m):\n    pass\n",
        },
        "--continue-on-collection-errors",
    ),
    "broken-conftest-in-folder": project(
        {**FAILING, "sub/conftest.py": "1 / 0\n", "sub/test_s.py": "def test_s():\n    pass\n"}
    ),
    "empty": project({"pytest.ini": INI}),
    "empty-modules": project({"test_a.py": "", "test_b.py": "x = 1\n"}),
    "everything-deselected": project(FAILING, "-k", "nothing_like_it"),
    "addopts-xdist": project(
        {**FAILING, "pytest.ini": "[pytest]\naddopts = -n auto -p xdist --dist=loadfile\n"},
        needs=("xdist",),
    ),
    "records": project(
        {
            "pytest.ini": "[pytest]\njunit_family = xunit1\n",
            "test_a.py": """
                import pytest

                def test_property(record_property):
                    record_property("key", 1)
                    record_property("other", "<&>")

                def test_attribute(record_xml_attribute):
                    record_xml_attribute("extra", "yes")

                def test_suite(record_testsuite_property):
                    record_testsuite_property("suite-key", "suite-value")

                def test_property_then_fails(record_property, record_xml_attribute):
                    record_property("before", "failing")
                    record_xml_attribute("classname", "renamed")
                    assert False
                """,
            "test_b.py": """
                import pytest

                @pytest.fixture(scope="session", autouse=True)
                def about(record_testsuite_property):
                    record_testsuite_property("session", "wide")

                def test_b(record_property):
                    record_property("b", [1, 2])
                """,
        }
    ),
    "junit-logging": project(
        {
            "pytest.ini": "[pytest]\njunit_logging = all\njunit_suite_name = mine\n",
            "test_a.py": "import logging\n\ndef test_a():\n    print('p')\n    logging.error('l')\n    assert 0\n",
            "test_b.py": "import sys\n\ndef test_b():\n    print('q')\n    sys.stderr.write('\\x1b[31m\\x00')\n",
        }
    ),
    "temporary-folders": project(
        {
            "test_a.py": """
                def test_own(tmp_path, tmp_path_factory):
                    (tmp_path / "file").write_text("x")
                    assert tmp_path.parent == tmp_path_factory.getbasetemp()

                def test_own2(tmp_path):
                    assert not list(tmp_path.iterdir())
                    assert tmp_path.name == "test_own1"
                """,
            "test_b.py": """
                def test_own(tmp_path, tmp_path_factory, tmpdir):
                    assert str(tmpdir) == str(tmp_path)
                    assert tmp_path_factory.mktemp("x").name == "x0"
                """,
        }
    ),
    "working-folder": project(
        {
            "test_a.py": """
                import os

                def test_moves(monkeypatch, tmp_path):
                    monkeypatch.chdir(tmp_path)
                    assert os.listdir() == ["x"]

                def test_back():
                    assert os.path.exists("test_a.py")
                    os.chdir("/")

                def test_still_away():
                    assert os.getcwd() == "/", "a test's chdir stays for the next one of its module"
                """,
            "test_b.py": "def test_here():\n    assert 1\n",
        }
    ),
    "monkeypatched-environment": project(
        {
            "test_a.py": """
                import os
                import time

                def test_patched(monkeypatch):
                    monkeypatch.setenv("X_Y", "1")
                    monkeypatch.setattr(time, "time", lambda: 0.0)
                    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
                    assert os.environ["X_Y"] == "2"

                def test_current():
                    assert os.environ["PYTEST_CURRENT_TEST"].startswith("test_a.py::test_current (call)")
                """,
            **SECOND,
        }
    ),
    "reruns": project(
        {
            "test_a.py": """
                import pytest

                tries = []

                @pytest.mark.flaky(reruns=2)
                def test_at_last():
                    tries.append(1)
                    print("try", len(tries))
                    assert len(tries) == 3

                @pytest.mark.flaky(reruns=1)
                def test_never():
                    assert False

                def test_not_marked():
                    assert False
                """,
            **SECOND,
        },
        needs=("pytest_rerunfailures",),
    ),
    "reruns-of-all": project(FAILING, "--reruns=1", needs=("pytest_rerunfailures",)),
    "pytest-timeout": project(
        {
            "test_a.py": """
                import time
                import pytest

                @pytest.mark.timeout(0.2)
                def test_slow():
                    time.sleep(5)

                def test_quick():
                    pass
                """,
            **SECOND,
        },
        needs=("pytest_timeout",),
    ),
    "exceptions": project(
        {
            "test_a.py": """
                import pytest

                class Rude(Exception):
                    def __str__(self):
                        raise RuntimeError("no str")

                    __repr__ = __str__

                def test_rude():
                    raise Rude

                def test_group():
                    raise ExceptionGroup("several", [ValueError(1), KeyError("two")])

                def test_note():
                    error = ValueError("noted")
                    error.add_note("a note ☃")
                    raise error

                def test_surrogate():
                    raise ValueError("half \\ud800 of a pair")

                def test_exit():
                    raise SystemExit(3)

                def test_base():
                    raise BaseException("base")

                def test_generator_exit():
                    raise GeneratorExit

                def test_fail():
                    pytest.fail("plainly", pytrace=False)

                def test_long():
                    assert "a" * 3000 == "a" * 2999 + "b"

                def test_local_class():
                    class Local(Exception):
                        pass
                    raise Local({1: 2})
                """,
            **SECOND,
        }
    ),
    "cache-and-stash": project(
        {
            "test_a.py": """
                def test_cache(cache):
                    assert cache.get("mine/value", 3) == 3
                    cache.set("mine/value", 4)

                def test_request(request):
                    assert request.config.getoption("verbose") == 0
                    assert request.session.testscollected >= 0
                    assert request.node.nodeid == "test_a.py::test_request"
                """,
            **SECOND,
        }
    ),
    "dynamic": project(
        {
            "conftest.py": """
                import pytest

                def pytest_addoption(parser):
                    parser.addoption("--level", default="low")
                    parser.addini("depth", "how deep")

                @pytest.fixture
                def level(pytestconfig):
                    return pytestconfig.getoption("--level") + pytestconfig.getini("depth")
                """,
            "pytest.ini": "[pytest]\ndepth = 5\naddopts = --level=high\n",
            "test_a.py": "def test_level(level):\n    assert level == 'high5'\n",
            "test_b.py": "def test_level(level):\n    assert level == 'low5'\n",
        }
    ),
}
