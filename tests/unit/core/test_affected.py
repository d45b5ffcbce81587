"""What a change affects, against an oracle that knows what every file was made to import."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.affected import (
    EVERYTHING,
    Graph,
    Imports,
    Selection,
    affected,
    narrowed,
    read_imports,
)

FILES = (
    "top.py",
    "pkg/__init__.py",
    "pkg/one.py",
    "pkg/two.py",
    "pkg/sub/__init__.py",
    "pkg/sub/deep.py",
    "src/lib/__init__.py",
    "src/lib/part.py",
    "tests/conftest.py",
    "tests/tools.py",
    "tests/test_a.py",
    "tests/test_b.py",
    "tests/inner/conftest.py",
    "tests/inner/test_c.py",
    "test_d.py",
)
TESTS = frozenset(each for each in FILES if each.rpartition("/")[2].startswith("test_"))
NAMES = {
    "top.py": "top",
    "pkg/__init__.py": "pkg",
    "pkg/one.py": "pkg.one",
    "pkg/two.py": "pkg.two",
    "pkg/sub/__init__.py": "pkg.sub",
    "pkg/sub/deep.py": "pkg.sub.deep",
    "src/lib/__init__.py": "lib",
    "src/lib/part.py": "lib.part",
    "tests/tools.py": "tools",
}
RELATIVE = {
    ("pkg/__init__.py", "pkg/one.py"): "from . import one",
    ("pkg/one.py", "pkg/two.py"): "from .two import something",
    ("pkg/one.py", "pkg/sub/deep.py"): "from .sub.deep import something",
    ("pkg/sub/deep.py", "pkg/two.py"): "from ..two import something",
    ("pkg/sub/deep.py", "pkg/one.py"): "from .. import one",
    ("pkg/sub/__init__.py", "pkg/sub/deep.py"): "from .deep import *",
    ("src/lib/__init__.py", "src/lib/part.py"): "from . import part as other",
}
WAYS = ("import {name}", "import {name} as other", "from {name} import something", "from {outer} import {last}",
        "import importlib; importlib.import_module('{name}')", "def later():\n    import {name}",
        "pytest_plugins = ['{name}']")  # fmt: skip
Made = Mapping[str, Mapping[str, int]]
"""By file, what it imports and in which way."""

projects = st.dictionaries(
    st.sampled_from(FILES),
    st.dictionaries(st.sampled_from(sorted(NAMES)), st.integers(0, len(WAYS)), max_size=3),
    max_size=8,
)


def statement(file: str, imported: str, way: int) -> str:
    if way == len(WAYS) and (file, imported) in RELATIVE:
        return RELATIVE[file, imported]
    name = NAMES[imported]
    outer, _, last = name.rpartition(".")
    return WAYS[way % len(WAYS) if outer or way != 3 else 0].format(
        name=name, outer=outer, last=last
    )


def sources(made: Made) -> dict[str, Imports]:
    texts = {
        file: "\n".join(statement(file, each, way) for each, way in made.get(file, {}).items())
        for file in FILES
    }
    return {file: read_imports(text) for file, text in texts.items()}


def packages_of(file: str) -> set[str]:
    parts = file.split("/")[:-1]
    above = {"/".join([*parts[:n], "__init__.py"]) for n in range(len(parts) + 1)}
    return above & set(FILES)


def needs(made: Made, test: str) -> set[str]:
    """Everything that this test module executes; found by brute force."""
    folders = test.split("/")[:-1]
    conftests = {"/".join([*folders[:n], "conftest.py"]) for n in range(len(folders) + 1)}
    found = {test} | (conftests & set(FILES))
    for _ in FILES:
        for file in list(found):
            found |= set(made.get(file, {})) | packages_of(file)
    return found


@given(projects, st.sets(st.sampled_from(FILES), min_size=1, max_size=3))
def test_a_test_module_is_affected_by_what_it_needs(made: Made, changed: set[str]) -> None:
    graph = Graph(sources(made))

    found = affected(graph, graph, changed, TESTS)

    hit = {file: {test for test in TESTS if file in needs(made, test)} for file in changed}
    if all(hit.values()):
        assert found == Selection(frozenset().union(*hit.values()))
    else:
        assert found == EVERYTHING


@given(projects, projects, st.sampled_from(FILES))
def test_what_a_file_imported_before_counts_as_well(before: Made, after: Made, file: str) -> None:
    was, is_now = Graph(sources(before)), Graph(sources(after))

    found = affected(was, is_now, {file}, TESTS)

    for test in TESTS:
        if file in needs(before, test) | needs(after, test):
            assert found.is_everything or test in found.modules


@pytest.mark.parametrize(
    "statement",
    [
        "import importlib\nimportlib.import_module(name)",
        "__import__(f'pkg.{name}')",
        "import runpy\nrunpy.run_path(path)",
        "importlib.import_module('.one', 'pkg')",
        "def broken(:",
        "\0",
    ],
)
def test_a_file_that_may_import_anything_is_affected_by_everything(statement: str) -> None:
    files = sources({}) | {"tests/tools.py": read_imports(statement)}
    files["tests/test_a.py"] = read_imports("import tools")
    files["test_d.py"] = read_imports("import top")
    graph = Graph(files)

    found = affected(graph, graph, {"top.py"}, TESTS)

    assert found == Selection(frozenset({"tests/test_a.py", "test_d.py"}))


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("patch('pkg.one.price')", "pkg/one.py"),
        ("run([python, 'scripts/make.py'])", "scripts/make.py"),
        ("import one", "pkg/one.py"),  # a folder inside a package was put on sys.path
        ("from pkg import *", "pkg/one.py"),
        ("import scripts.make", "scripts/make.py"),
        ("import pytest\npytest.importorskip('pkg.one')", "pkg/one.py"),
    ],
)
def test_ways_to_need_a_file(statement: str, imported: str) -> None:
    made = {each: Imports() for each in ("pkg/__init__.py", "pkg/one.py", "scripts/make.py")}
    graph = Graph({**made, "test_a.py": read_imports(statement), "test_b.py": Imports()})

    found = affected(graph, graph, {imported}, {"test_a.py", "test_b.py"})

    assert found == Selection(frozenset({"test_a.py"}))


def test_a_module_of_the_standard_library_is_not_one_inside_a_package() -> None:
    made = {each: Imports() for each in ("pkg/__init__.py", "pkg/types.py")}
    both = {
        "test_a.py": read_imports("import types"),
        "test_b.py": read_imports("import pkg.types"),
    }
    graph = Graph({**made, **both})

    found = affected(graph, graph, {"pkg/types.py"}, set(both))

    assert found == Selection(frozenset({"test_b.py"}))


@pytest.mark.parametrize("changed", ["data.json", "pyproject.toml", "script.py", "gone.py"])
def test_what_no_test_is_known_to_need_affects_everything(changed: str) -> None:
    graph = Graph({"script.py": Imports(), "test_a.py": Imports(), "test_b.py": Imports()})

    found = affected(graph, graph, {changed, "test_a.py"}, {"test_a.py", "test_b.py"})

    assert found == EVERYTHING


def test_a_conftest_affects_the_tests_below_its_folder() -> None:
    paths = ("tests/conftest.py", "tests/test_a.py", "tests/in/test_b.py", "tests_too/test_c.py")
    graph = Graph(dict.fromkeys(paths, Imports()))

    found = affected(graph, graph, {"tests/conftest.py"}, set(paths[1:]))

    assert found == Selection(frozenset({"tests/test_a.py", "tests/in/test_b.py"}))


@pytest.mark.parametrize(
    ("targets", "modules", "run"),
    [
        ([], {"t/b.py", "t/a.py"}, ("t/a.py", "t/b.py")),
        (["t"], {"t/a.py", "u/b.py"}, ("t/a.py",)),
        (["t/"], {"t/a.py", "tt/b.py"}, ("t/a.py",)),
        (["."], {"t/a.py"}, ("t/a.py",)),
        (["t/a.py::test_x", "t/b.py"], {"t/a.py"}, ("t/a.py::test_x",)),
        (["u/a.py"], {"t/a.py"}, ()),
    ],
)
def test_no_more_is_run_than_was_named(
    targets: list[str], modules: set[str], run: tuple[str, ...]
) -> None:
    assert narrowed(targets, Selection(frozenset(modules))) == run
    assert narrowed(targets, EVERYTHING) == tuple(targets)


@pytest.mark.parametrize(("file", "imported"), RELATIVE)
def test_a_relative_import_means_the_file_beside_or_above(file: str, imported: str) -> None:
    made = {each: Imports() for each in FILES}
    graph = Graph(made | {file: read_imports(RELATIVE[file, imported])})

    assert file in graph.imported_by[imported]
