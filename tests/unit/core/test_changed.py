"""Which tests a change affects, by what each was seen to use."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.affected import Graph, read_imports
from handrail.core.changed import Record, Seen, Snapshot, choose, record_of
from handrail.core.fingerprints import blocks_of
from handrail.frozen import replace

FILES = {
    "conftest.py": "import helpers\ndef fixture(): return 1\n",
    "helpers.py": "def help(): return 1\n",
    "shop.py": "from rates import RATE\ndef total(x): return x\ndef taxed(x): return x * RATE\n",
    "rates.py": "RATE = 2\n",
    "test_shop.py": "import shop\ndef test_total(): shop.total(1)\ndef test_taxed(): shop.taxed(1)\n",
    "test_other.py": "def test_one(): pass\n",
    "data/table.json": "{}",
    "README.md": "hello",
    "pyproject.toml": "",
}
SEEN = (
    Seen(
        test="test_shop.py::test_total", code={"test_shop.py": ["test_total"], "shop.py": ["total"]}
    ),
    Seen(
        test="test_shop.py::test_taxed",
        code={"test_shop.py": ["test_taxed"], "shop.py": ["taxed"], "conftest.py": ["fixture"]},
        files=["data/table.json"],
    ),
    Seen(test="test_other.py::test_one", code={"test_other.py": ["test_one"]}, folders=["data"]),
)
TOTAL, TAXED, ONE = (each.test for each in SEEN)


def project(**changes: str | None) -> Snapshot:
    """The files with some changed; ``shop_py`` for ``shop.py``, None for one that is gone."""
    texts = dict(FILES)
    for name, text in changes.items():
        path = name.replace("__", "/")
        path = next((each for each in FILES if each.replace(".", "_") == path), path)
        texts.pop(path, None)
        if text is not None:
            texts[path] = text
    return snapshot(texts)


def snapshot(texts: dict[str, str]) -> Snapshot:
    return Snapshot(
        blocks={path: blocks_of(text) for path, text in texts.items() if path.endswith(".py")},
        others={path: text for path, text in texts.items() if not path.endswith(".py")},
        environment="3.12",
    )


def needs(texts: dict[str, str]) -> Callable[[Iterable[str]], Iterable[str]]:
    return Graph({p: read_imports(t) for p, t in texts.items() if p.endswith(".py")}).needs


def records(seen: Iterable[Seen] = SEEN) -> list[Record]:
    found = [record_of(each, project(), needs(FILES)) for each in seen]
    return [each for each in found if each is not None]


def affected(now: Snapshot, since: Snapshot | None = None) -> set[str]:
    return set(choose(records(), project(), now, since).reasons)


def test_without_a_change_nothing_is_affected() -> None:
    chosen = choose(records(), project(), project())

    assert chosen.reasons == {}
    assert chosen.unaffected == {TOTAL, TAXED, ONE}


def test_a_change_in_a_function_affects_the_tests_that_ran_it() -> None:
    now = project(shop_py=FILES["shop.py"].replace("return x * RATE", "return RATE * x"))

    assert choose(records(), project(), now).reasons == {TAXED: "shop.py: taxed has changed"}


def test_a_comment_affects_nothing() -> None:
    assert affected(project(shop_py="# shop\n" + FILES["shop.py"])) == set()


def test_what_runs_when_a_module_is_imported_affects_all_that_import_it_at_any_remove() -> None:
    chosen = choose(records(), project(), project(rates_py="RATE = 3\n"))

    assert chosen.reasons == dict.fromkeys(
        (TOTAL, TAXED), "rates.py: what runs when it is imported has changed"
    )


def test_a_conftest_affects_every_test_below_it_and_so_does_what_it_imports() -> None:
    conftest = FILES["conftest.py"].replace("return 1", "return 2")

    assert affected(project(conftest_py=conftest)) == {TOTAL, TAXED, ONE}
    assert affected(project(helpers_py="X = 1\n" + FILES["helpers.py"])) == {TOTAL, TAXED, ONE}


def test_a_data_file_affects_who_has_read_it() -> None:
    now = project(**{"data/table.json": "{1}"})

    assert choose(records(), project(), now).reasons == {
        TAXED: "data/table.json, which it reads, has changed"
    }


def test_a_file_that_appears_where_a_test_lists_affects_it() -> None:
    now = snapshot({**FILES, "data/more.md": ""})

    assert choose(records(), project(), now).reasons == {
        ONE: "data, which it lists, has other files"
    }


def test_a_file_that_is_gone_affects_who_used_it() -> None:
    assert affected(project(shop_py=None)) == {TOTAL, TAXED}


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("pyproject.toml", "[project]", "pyproject.toml has changed"),
        ("requirements-dev.txt", "x", "requirements-dev.txt has changed"),
        ("fast.so", "x", "fast.so has changed, and nobody knows who reads it"),
        ("tests/conftest.py", "", "tests/conftest.py is new"),
        ("json.py", "", "json.py is new: an import may mean it now"),
    ],
)
def test_what_may_change_the_meaning_of_any_test_runs_them_all(
    path: str, text: str, why: str
) -> None:
    chosen = choose(records(), project(), snapshot({**FILES, path: text}))

    assert chosen.because == why
    assert set(chosen.reasons) == {TOTAL, TAXED, ONE}


@pytest.mark.parametrize("path", ["README.md", "docs/more.rst", "LICENSE", "test_new.py"])
def test_prose_and_new_test_modules_affect_no_recorded_test(path: str) -> None:
    assert affected(snapshot({**FILES, path: "x = 1"})) == set()


def test_another_python_or_other_packages_run_everything() -> None:
    now = replace(project(), environment="3.13")

    assert choose(records(), project(), now).because == "Python or what is installed has changed"


def test_nothing_recorded_runs_everything() -> None:
    assert choose([], None, project()).because == "nothing was recorded yet"


def test_a_test_that_starts_a_process_runs_after_any_change() -> None:
    found = records([replace(SEEN[2], starts_process=True, folders=[])])
    now = project(shop_py=FILES["shop.py"].replace("return x", "return +x"))

    assert choose(found, project(), project()).reasons == {}
    assert choose(found, project(), now).reasons == {
        ONE: "it starts a process, of which nothing is seen"
    }


def test_where_functions_are_not_seen_a_test_uses_all_that_it_imports() -> None:
    found = records([replace(each, code=None) for each in SEEN])
    now = project(shop_py=FILES["shop.py"].replace("return x * RATE", "return RATE * x"))

    assert set(choose(found, project(), now).reasons) == {TOTAL, TAXED}


def test_since_a_commit_counts_what_passed_meanwhile_too() -> None:
    old = FILES["shop.py"].replace("return x * RATE", "return 0")
    since = Snapshot(blocks={"shop.py": blocks_of(old)}, others={}, environment="")

    assert affected(project(), since) == {TAXED}
    assert affected(project(), replace(since, blocks={})) == set()


def test_since_a_commit_that_had_another_configuration_everything_runs() -> None:
    since = Snapshot(blocks={}, others={"pyproject.toml": "old"}, environment="")

    assert choose(records(), project(), project(), since).because == "pyproject.toml has changed"


def test_what_is_no_module_of_the_project_has_no_record() -> None:
    assert record_of(Seen(test="README.md::README.md", code={}), project(), needs(FILES)) is None


@given(st.sets(st.sampled_from([(n, f"f{k}") for n in range(3) for k in range(3)])), st.data())
def test_a_change_of_functions_affects_exactly_the_tests_that_ran_one_of_them(
    edited: set[tuple[int, str]], data: st.DataObject
) -> None:
    texts = {f"m{n}.py": "".join(f"def f{k}(): return 0\n" for k in range(3)) for n in range(3)}
    texts |= {"test_it.py": "import m0, m1, m2\n"}
    every = [(n, f"f{k}") for n in range(3) for k in range(3)]
    ran = [data.draw(st.sets(st.sampled_from(every))) for _ in range(4)]
    seen = []
    for number, used in enumerate(ran):
        code: dict[str, list[str]] = {}
        for n, name in used:
            code.setdefault(f"m{n}.py", []).append(name)
        seen.append(Seen(test=f"test_it.py::test_{number}", code=code))
    before = snapshot(texts)
    found = [record_of(each, before, needs(texts)) for each in seen]
    after = dict(texts)
    for n, name in edited:
        after[f"m{n}.py"] = after[f"m{n}.py"].replace(f"{name}(): return 0", f"{name}(): return 1")

    chosen = choose([each for each in found if each], before, snapshot(after))

    assert set(chosen.reasons) == {
        f"test_it.py::test_{number}" for number, used in enumerate(ran) if used & edited
    }
