"""Where a project keeps its runs, and which run a person means: as the commands that start runs see it."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.errors import ExitCode, UserError
from handrail.runs.folder import StateFolder, prepare_state
from handrail.runs.locating import (
    AmbiguousRunError,
    LostStateError,
    NoSuchRunError,
    fallback,
    find_run,
    is_private,
    project_root,
    run_folder,
    run_ids,
    state_folder,
)
from handrail.wiring import Wiring

MARKS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "setup.py", ".git")
SET_STATE = [
    '[tool.handrail]\nstate = "x"\n',
    "[tool.handrail]\n  state='x'\n",
    '[tool.handrail]\r\nstate = "x"\r\n',
    '[tool.handrail]\n"state" = "x"\n',
    '[ tool . handrail ]\nstate\t=\t"""x"""',
    '[tool]\nhandrail.state = "x"\n',
    '[tool]\n"handrail".state = "x"\n',
    '[tool]\nhandrail = { default-tier = "fast", state = "x" }\n',
    'tool.handrail.state = "x"\n',
    'tool.handrail . state = "x"\n',
    'tool.handrail."state" = "x"\n',
    "tool = { 'handrail' = {state='x'} }\n",
    '[tool.handrail]\n# state = "y"\nstate = "x" # state = "z"\n',
]
SET_NONE = [
    "",
    "[tool.handrail]\n",
    '[tool.handrail]\ndefault-tier = "fast"\n',
    '[tool.other]\nstate = "x"\n',
    '[tool.other]\nstate = "x"\n[tool.handrail]\n',
    '[tool.handrail]\n# state = "x"\n',
    '[tool.other]\ntext = """\n[tool.handrail]\nstate = "x"\n"""\n',
    'state = "x"\nhandrail.state = "x"\n',
]
BROKEN = [
    '[tool.handrail]\nstate = "x\n',
    '[tool.handrail]\nstate = "x"\nstate = "x"\n',
    "[tool.handrail]\nstate = 7\n",
    "[tool.handrail]\nstate = []\n",
    "[tool.handrail]\nstate = {}\n",
    '[tool.handrail]\nstate = ""\n',
    "[tool]\nhandrail = 7 # state = 8\n",
    'tool = "handrail" # state = 8\n',
    "tool = [] # handrail state = 8\n",
]
names = st.text("ab", min_size=1, max_size=4)


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """Take away the permission to write, also from root, whom permission bits do not stop."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    bind = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    if subprocess.run(bind, shell=True, capture_output=True, check=False).returncode:
        pytest.skip("cannot make a folder read-only here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def project(folder: Path, configuration: str = "") -> str:
    """A folder that is a project's root."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_bytes(configuration.encode())
    return str(folder)


def with_runs(folder: Path, *ids: str, latest: str = "") -> str:
    """A state folder with these runs, the last one newest."""
    for age, run_id in enumerate(reversed(ids)):
        run = folder / "runs" / run_id
        run.mkdir(parents=True)
        os.utime(run, (1000 - age, 1000 - age))
    if latest:
        (folder / "runs" / "latest").write_text(f"{latest}\n")
    return str(folder)


def found_upwards(folder: Path) -> Path:
    """The project's root, found in the plainest way."""
    upwards = [folder, *folder.parents]
    configured = [each for each in upwards if (each / "pyproject.toml").exists()]
    marked = [each for each in upwards if any((each / mark).exists() for mark in MARKS)]
    return next(iter(configured + marked), folder)


# The project's root.


@given(st.sets(st.tuples(st.integers(0, 3), st.sampled_from(MARKS)), max_size=4))
def test_the_root_is_the_nearest_pyproject_or_else_the_nearest_mark(
    marks: set[tuple[int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as top:
        levels = [Path(top), Path(top, "a"), Path(top, "a", "b"), Path(top, "a", "b", "c")]
        levels[-1].mkdir(parents=True)
        for level, mark in marks:
            (levels[level] / mark).touch()

        root = project_root(str(levels[-1]))

        assert root == str(found_upwards(levels[-1]))
        assert root == str(Wiring(folder=levels[-1]).root)


def test_a_pyproject_further_up_wins_over_a_nearer_mark_of_another_kind(tmp_path: Path) -> None:
    root = project(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "setup.cfg").touch()

    assert project_root(str(tmp_path / "below")) == root


def test_a_git_folder_marks_a_project_and_so_does_the_file_of_a_work_tree(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "src").mkdir(parents=True)
    (tmp_path / "one" / ".git").mkdir()
    (tmp_path / "other" / ".git").write_text("gitdir: elsewhere\n")

    assert project_root(str(tmp_path / "one" / "src")) == str(tmp_path / "one")
    assert project_root(str(tmp_path / "other" / "src")) == str(tmp_path / "other")


def test_the_root_of_the_file_system_is_the_end_of_the_search() -> None:
    assert project_root("/") == "/"


# The state folder.


def test_the_state_folder_lies_in_the_root_and_is_hidden(tmp_path: Path) -> None:
    root = project(tmp_path)
    (tmp_path / "tests" / "unit").mkdir(parents=True)

    assert state_folder(str(tmp_path / "tests" / "unit"), {}) == f"{root}/.handrail"


def test_nothing_is_created_by_looking(tmp_path: Path) -> None:
    root = project(tmp_path / "project")

    state_folder(root, {"TMPDIR": str(tmp_path)})

    assert [each.name for each in tmp_path.rglob("*")] == ["project", "pyproject.toml"]


def test_without_any_project_the_state_lies_where_the_command_was_given(tmp_path: Path) -> None:
    found = state_folder(str(tmp_path), {})

    assert found == str(found_upwards(tmp_path) / ".handrail")


@pytest.mark.parametrize("configuration", SET_STATE)
def test_a_configured_state_folder_is_found_however_it_is_written(
    tmp_path: Path, configuration: str
) -> None:
    root = project(tmp_path, configuration)

    assert state_folder(root, {}) == f"{root}/x"


@pytest.mark.parametrize("configuration", [*SET_NONE, *BROKEN])
def test_what_sets_no_state_folder_or_is_broken_leaves_the_default(
    tmp_path: Path, configuration: str
) -> None:
    root = project(tmp_path, configuration)

    assert state_folder(root, {}) == f"{root}/.handrail"


def test_a_pyproject_that_is_no_text_leaves_the_default(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'[tool.handrail]\nstate = "\xff"\n')

    assert state_folder(str(tmp_path), {}) == f"{tmp_path}/.handrail"


def test_a_pyproject_that_cannot_be_read_leaves_the_default(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()

    assert state_folder(str(tmp_path), {}) == f"{tmp_path}/.handrail"


@pytest.mark.parametrize("configuration", ["", SET_STATE[0], BROKEN[0]])
def test_the_environment_beats_the_configuration(tmp_path: Path, configuration: str) -> None:
    root = project(tmp_path, configuration)

    assert state_folder(root, {"HANDRAIL_STATE": "from/here"}) == f"{root}/from/here"


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    root = project(tmp_path, SET_STATE[0])

    assert state_folder(root, {"HANDRAIL_STATE": ""}) == f"{root}/x"


def test_a_state_folder_may_lie_outside_of_the_project(tmp_path: Path) -> None:
    root = project(tmp_path / "project")

    assert state_folder(root, {"HANDRAIL_STATE": "/var/x"}) == "/var/x"


@pytest.mark.parametrize("configuration", [*SET_STATE, *SET_NONE])
@pytest.mark.parametrize("environ", [{}, {"HANDRAIL_STATE": ""}, {"HANDRAIL_STATE": "y"}], ids=repr)
def test_those_who_ask_look_where_those_who_run_write(
    tmp_path: Path, configuration: str, environ: dict[str, str]
) -> None:
    root = project(tmp_path, configuration)
    wiring = Wiring(folder=Path(root), environ=environ)

    assert state_folder(root, environ) == str(wiring.root / wiring.settings.state)


def test_a_folder_that_is_named_by_dots_belongs_to_the_same_project(tmp_path: Path) -> None:
    project(tmp_path / "below")
    dotted = tmp_path / "below" / ".."

    assert str(Wiring(folder=dotted).root) == project_root(os.path.abspath(dotted))


# Where the state folder cannot be written.


def prepared(tmp_path: Path) -> tuple[str, str]:
    """A project, and its fallback, made as a run makes it."""
    root = project(tmp_path / "project")
    (tmp_path / "project" / ".handrail").touch()
    made = prepare_state(Path(root, ".handrail"), temporary=tmp_path).folder.root
    return root, str(made)


def test_the_runs_of_a_project_that_cannot_be_written_are_found_elsewhere(tmp_path: Path) -> None:
    root, elsewhere = prepared(tmp_path)

    assert state_folder(root, {"TMPDIR": str(tmp_path)}) == elsewhere


def test_the_state_folder_wins_over_one_elsewhere_when_it_was_used_since(tmp_path: Path) -> None:
    root, _ = prepared(tmp_path)
    Path(root, ".handrail").unlink()
    runs = Path(root, ".handrail", "runs")
    runs.mkdir(parents=True)
    os.utime(runs, (2**33, 2**33))

    assert state_folder(root, {"TMPDIR": str(tmp_path)}) == f"{root}/.handrail"


def test_each_project_and_user_has_a_place_elsewhere_of_its_own() -> None:
    one, other = fallback("/p/.handrail", "/tmp"), fallback("/q/.handrail", "/tmp")

    assert re.fullmatch(rf"/tmp/handrail-{os.getuid()}-p-[0-9a-f]{{8}}", one)
    assert one != other
    assert one == fallback("/p/q/../.handrail", "/tmp")


@pytest.mark.parametrize("trap", ["link", "file", "open", "group", "owned"])
def test_a_place_elsewhere_that_others_prepared_is_not_trusted(tmp_path: Path, trap: str) -> None:
    root, elsewhere = prepared(tmp_path)
    place = Path(elsewhere)
    if trap == "link":
        place.rename(tmp_path / "real")
        place.symlink_to(tmp_path / "real")
    elif trap == "file":
        place.rename(tmp_path / "real")
        place.touch()
    elif trap == "open":
        place.chmod(0o702)
    elif trap == "group":
        place.chmod(0o720)
    elif os.geteuid() == 0:
        os.chown(place, 65534, 65534)
    else:
        pytest.skip("only root can give a folder away")

    assert not is_private(elsewhere)
    assert state_folder(root, {"TMPDIR": str(tmp_path)}) == f"{root}/.handrail"


def test_a_folder_for_us_alone_is_private_and_what_is_not_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir(mode=0o700)

    assert is_private(str(tmp_path / "ours"))
    assert not is_private(str(tmp_path / "gone"))


@pytest.mark.slow
def test_a_project_on_a_read_only_disk_keeps_its_runs_elsewhere_and_they_are_found(
    tmp_path: Path,
) -> None:
    root = project(tmp_path / "project")

    with read_only(tmp_path / "project"):
        made = prepare_state(Path(root, ".handrail"), temporary=tmp_path).folder.root
        found = state_folder(root, {"TMPDIR": str(tmp_path)})

    assert found == str(made)


@pytest.mark.parametrize("why", ["read-only", "file"])
def test_runs_are_found_where_the_state_folder_exists_but_cannot_be_written(
    tmp_path: Path, why: str
) -> None:
    root = project(tmp_path / "project")
    state = Path(root, ".handrail")
    state.mkdir()
    if why == "file":
        (state / "runs").touch()
        made = prepare_state(state, temporary=tmp_path).folder.root
        found = state_folder(root, {"TMPDIR": str(tmp_path)})
    else:
        with read_only(state):
            made = prepare_state(state, temporary=tmp_path).folder.root
            found = state_folder(root, {"TMPDIR": str(tmp_path)})

    assert found == str(made)


@pytest.mark.parametrize("variable", ["TEMP", "TMP"])
def test_runs_elsewhere_are_found_whatever_variable_names_the_temporary_folder(
    tmp_path: Path, variable: str
) -> None:
    root, _ = prepared(tmp_path)
    environ = {variable: str(tmp_path)}
    asked = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    temporary = subprocess.run(
        asked, env=environ | {"PATH": os.defpath}, capture_output=True, check=True
    )

    made = prepare_state(Path(root, ".handrail"), temporary=Path(temporary.stdout.decode().strip()))

    assert state_folder(root, environ) == str(made.folder.root)


# Which run.


def test_runs_are_listed_newest_first_without_what_is_no_run(tmp_path: Path) -> None:
    state = with_runs(tmp_path, "aaaa", "bbbb", "cccc", latest="cccc")
    (tmp_path / "runs" / ".dddd.removed").mkdir()
    (tmp_path / "runs" / "link").symlink_to(tmp_path)
    (tmp_path / "runs" / "file").touch()

    assert run_ids(state) == ["cccc", "bbbb", "aaaa"]


def test_where_nothing_ran_there_are_no_runs(tmp_path: Path) -> None:
    assert run_ids(str(tmp_path / "gone")) == []


def test_a_run_is_found_by_its_id_its_beginning_or_as_the_latest(tmp_path: Path) -> None:
    state = with_runs(tmp_path, "7m3g", "7k2fb", "7k2f", latest="7k2fb")

    assert find_run(state, "7k2f") == "7k2f"
    assert find_run(state, "7m") == "7m3g"
    assert find_run(state, "latest") == "7k2fb"
    assert run_folder(state, "7m3g") == f"{state}/runs/7m3g"


def expected(ids: list[str], latest: str, reference: str) -> str | type[UserError]:
    """What is to be found, in the plainest way."""
    wanted = latest if reference == "latest" else reference
    if wanted in ids:
        return wanted
    beginning = [each for each in ids if wanted and each.startswith(wanted)]
    if reference == "latest" or not beginning:
        return NoSuchRunError
    return beginning[0] if len(beginning) == 1 else AmbiguousRunError


@given(
    st.lists(names, max_size=6, unique=True),
    names | st.just(""),
    names | st.sampled_from(["", "latest"]),
)
def test_any_reference_means_the_same_to_those_who_ask_and_to_those_who_run(
    ids: list[str], latest: str, reference: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = with_runs(Path(folder), *ids, latest=latest if ids else "")

        wanted = expected(ids, latest, reference)

        if isinstance(wanted, str):
            assert find_run(state, reference) == wanted
            assert StateFolder(Path(state)).find(reference).run_id == wanted
            return
        with pytest.raises(wanted) as caught:
            find_run(state, reference)
        with pytest.raises(wanted) as same:
            StateFolder(Path(state)).find(reference)
        assert caught.value.text() == same.value.text()


@pytest.mark.parametrize("reference", ["", ".", "..", "../runs", "/", "latest", "7k2f/"])
def test_a_reference_never_leads_out_of_the_folder(tmp_path: Path, reference: str) -> None:
    state = with_runs(tmp_path, "7k2f")

    with pytest.raises(NoSuchRunError):
        find_run(state, reference)


@pytest.mark.parametrize("latest", [b"\xff\xfe\n", b"", b"\0", b"..\n", b"7k\n"])
def test_a_damaged_note_of_the_latest_run_means_none(tmp_path: Path, latest: bytes) -> None:
    state = with_runs(tmp_path, "7k2f")
    (tmp_path / "runs" / "latest").write_bytes(latest)

    with pytest.raises(NoSuchRunError):
        find_run(state, "latest")


def test_an_unknown_run_is_explained_with_the_runs_there_are(tmp_path: Path) -> None:
    with pytest.raises(NoSuchRunError) as caught:
        find_run(with_runs(tmp_path, "7k2f", "9c2d"), "zzzz")

    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    assert caught.value.text() == (
        "error: no run is called zzzz [no-such-run]\n"
        "  9c2d\n"
        "  7k2f\n"
        "\n"
        "hint: use an id, the beginning of one, or latest"
    )


def test_without_any_run_the_way_to_begin_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSuchRunError) as caught:
        find_run(str(tmp_path), "latest")

    assert caught.value.text() == (
        "error: no run is called latest [no-such-run]\n"
        "  there is no run yet\n"
        "\n"
        "hint: begin one: handrail run"
    )


def test_an_ambiguous_beginning_lists_ten_candidates_and_counts_the_others(tmp_path: Path) -> None:
    ids = [f"7k{number:02}" for number in range(13)]

    with pytest.raises(AmbiguousRunError) as caught:
        find_run(with_runs(tmp_path, *ids, "9c2d"), "7k")

    listed = "".join(f"  {each}\n" for each in reversed(ids[3:]))
    assert caught.value.exit_code is ExitCode.CONFIG_ERROR
    assert caught.value.text() == (
        f"error: 13 runs begin with 7k [ambiguous-run]\n{listed}  and 3 more\n\nhint: add a character"
    )


def test_a_run_that_left_no_state_is_explained() -> None:
    assert LostStateError("7k2f").exit_code is ExitCode.INFRA_ERROR
    assert LostStateError("7k2f").text() == (
        "error: run 7k2f left no state [no-state]\n"
        "  it ended before it began, or its folder was damaged\n"
        "\n"
        "hint: run the tests again: handrail run"
    )
