"""``--keep-services``: the database of a failed test can be looked at when the run is over."""

import json
import os
import re
import tempfile
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from real_runs import Project

from handrail.services.sessions import base_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(project: Project) -> Generator[Project]:
    with tempfile.TemporaryDirectory(prefix="h-", dir=base_folder().parent) as homes:
        os.chmod(homes, 0o711)
        project.put(
            "pyproject.toml",
            f"""
            [tool.handrail]
            services-folder = "{homes}"

            [tool.handrail.services.postgres]
            template = "schema.sql"
            """,
        )
        project.put("schema.sql", "CREATE TABLE users (name text)")
        project.write(
            test_a="""
            def add(postgres, name):
                with postgres.connect() as connection:
                    connection.execute("INSERT INTO users VALUES (%s)", [name])

            def test_fine(postgres):
                add(postgres, "ann")

            def test_bad(postgres):
                add(postgres, "bob")
                assert False

            def test_after(postgres):
                add(postgres, "eve")
            """
        )
        yield project
        project.command("handrail", "services", "down")


@pytest.mark.parametrize("workers", ["0", "2"])
def test_it_is_as_the_failed_test_left_it(shop: Project, workers: str) -> None:
    run = shop.run("--keep-services", "--format", "agent", "-n", workers)

    assert run.returncode == 1
    assert run.left == []
    found = re.search(
        r"^     kept: database (\w+): (handrail services up --kept \w+)$", run.stdout, re.M
    )
    assert found, run.stdout
    up = shop.command(*found[2].split())
    assert up.stdout.endswith("  as test_a.py::test_bad left it\n"), up.stderr
    url = up.stdout.split()[1]
    assert url.endswith(f"/{found[1]}")
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT name FROM users").fetchall()
    assert names == [("ann",), ("bob",)]
    assert "kept for test_a.py::test_bad" in shop.command("handrail", "services", "status").stdout
    assert shop.command("handrail", "services", "down").stdout == "postgres   ended\n"
    assert shop.left() == []


def test_a_second_look_finds_the_same_server(shop: Project) -> None:
    run = shop.run("--keep-services")
    (command,) = re.findall(r"handrail (services up --kept \w+)", run.stdout)

    looks = [shop.command("handrail", *command.split()).stdout for _ in range(2)]

    assert looks[0] == looks[1]


def test_cleaning_removes_what_is_old(shop: Project) -> None:
    shop.run("--keep-services")
    base = shop.folder / ".handrail" / "kept"
    shop.command("handrail", "services", "clean")
    assert list(base.iterdir())

    done = shop.command("handrail", "services", "clean", "--older", "1ms", "--json")

    assert json.loads(done.stdout)["kept_bytes"] > 20 << 20
    assert not list(base.iterdir())


def test_without_the_word_nothing_is_kept(shop: Project) -> None:
    run = shop.run()

    assert "--kept" not in run.stdout
    assert not list((shop.folder / ".handrail").glob("kept/*"))


def test_a_name_that_nothing_is_kept_under(shop: Project) -> None:
    done = shop.command("handrail", "services", "up", "--kept", "zzzz")

    assert done.returncode == 3
    assert done.stderr == (
        "error: no database is kept as zzzz [no-such-kept]\n\n"
        "hint: keep those of failed tests: handrail run --keep-services\n"
    )


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    from handrail.services.keeping import MOST, keep, kept

    data = tmp_path / "data"
    data.mkdir()
    for number in range(MOST + 3):
        keep(tmp_path / "kept", f"k{number}", data, test="test_a.py::test_it", database="test_1")

    assert [each.id for each in kept(tmp_path / "kept")] == [
        f"k{number}" for number in reversed(range(3, MOST + 3))
    ]
