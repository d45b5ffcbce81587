"""The state folder and the folders of runs in it."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from handrail.errors import ExitCode, UserError
from handrail.runs.atomic import UnwritableError, write_atomically
from handrail.runs.folder import RunFolder, StateFolder, prepare_state


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / ".handrail")


def with_runs(state: StateFolder, *ids: str) -> None:
    """Runs with these ids, the last one newest."""
    for age, run_id in enumerate(reversed(ids)):
        folder = state.root / "runs" / run_id
        folder.mkdir(parents=True)
        os.utime(folder, (1000 - age, 1000 - age))


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


def test_a_state_folder_that_nobody_uses_does_not_appear(state: StateFolder) -> None:
    assert state.runs() == []

    assert not state.root.exists()


def test_a_run_gets_a_folder_of_its_own(state: StateFolder) -> None:
    first = state.create_run(Random(7))
    second = state.create_run(Random(7))

    assert first.path.is_dir()
    assert first.run_id != second.run_id
    assert {each.run_id for each in state.runs()} == {first.run_id, second.run_id}


def test_the_files_of_a_run_have_fixed_names() -> None:
    run = RunFolder(Path("/p/.handrail/runs/7k2f"))

    assert run.run_id == "7k2f"
    assert run.events == Path("/p/.handrail/runs/7k2f/events.ndjson")
    assert run.report == Path("/p/.handrail/runs/7k2f/report.json")
    assert run.junit == Path("/p/.handrail/runs/7k2f/junit.xml")
    assert run.pytest_log == Path("/p/.handrail/runs/7k2f/pytest.log")
    assert run.stacks == Path("/p/.handrail/runs/7k2f/stacks")


def test_git_does_not_see_the_state_folder(state: StateFolder, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    state.create_run(Random(7))

    status = ["git", "-C", str(tmp_path), "status", "--porcelain"]
    assert subprocess.run(status, capture_output=True, check=True).stdout == b""


def test_a_gitignore_that_somebody_changed_stays(state: StateFolder) -> None:
    state.prepare()
    (state.root / ".gitignore").write_text("runs\n")

    state.prepare()

    assert (state.root / ".gitignore").read_text() == "runs\n"


def test_latest_is_the_run_that_was_created_last(state: StateFolder) -> None:
    state.create_run(Random(7))
    last = state.create_run(Random(8))

    assert state.find("latest") == last


def test_runs_are_listed_newest_first_without_what_is_no_run(state: StateFolder) -> None:
    with_runs(state, "aaaa", "bbbb", "cccc")
    (state.root / "runs" / ".dddd.removed").mkdir()
    (state.root / "runs" / "latest").write_text("cccc\n")

    assert [run.run_id for run in state.runs()] == ["cccc", "bbbb", "aaaa"]


def test_a_run_is_found_by_its_id_or_an_unambiguous_beginning(state: StateFolder) -> None:
    with_runs(state, "7k2f", "7m3g")

    assert state.find("7k2f").run_id == "7k2f"
    assert state.find("7m").run_id == "7m3g"


def test_a_whole_id_wins_over_longer_ones_that_begin_so(state: StateFolder) -> None:
    with_runs(state, "7k2f", "7k2fb")

    assert state.find("7k2f").run_id == "7k2f"


def test_an_unknown_run_is_explained_with_the_runs_there_are(state: StateFolder) -> None:
    with_runs(state, "7k2f", "9c2d")

    with pytest.raises(UserError) as caught:
        state.find("zzzz")

    assert caught.value.text() == (
        "error: no run is called zzzz [no-such-run]\n"
        "  9c2d\n"
        "  7k2f\n"
        "\n"
        "hint: use an id, the beginning of one, or latest"
    )
    assert caught.value.exit_code is ExitCode.CONFIG_ERROR


def test_latest_without_a_run_says_how_to_begin_one(state: StateFolder) -> None:
    with pytest.raises(UserError) as caught:
        state.find("latest")

    assert caught.value.text() == (
        "error: no run is called latest [no-such-run]\n"
        "  there is no run yet\n"
        "\n"
        "hint: begin one: handrail run"
    )


def test_an_ambiguous_beginning_lists_the_candidates(state: StateFolder) -> None:
    with_runs(state, "7k2f", "9c2d", "7k3g")

    with pytest.raises(UserError) as caught:
        state.find("7k")

    assert caught.value.text() == (
        "error: 2 runs begin with 7k [ambiguous-run]\n  7k3g\n  7k2f\n\nhint: add a character"
    )


def test_a_long_list_of_candidates_is_cut_and_counted(state: StateFolder) -> None:
    with_runs(state, *(f"7k{number:02}" for number in range(13)))

    with pytest.raises(UserError) as caught:
        state.find("7k")

    assert caught.value.where.splitlines()[-2:] == ["7k03", "and 3 more"]


@pytest.mark.parametrize("reference", ["", "..", "../runs", "/", "latest"])
def test_a_reference_never_leads_out_of_the_folder(state: StateFolder, reference: str) -> None:
    with_runs(state, "7k2f")

    with pytest.raises(UserError, match="no run is called"):
        state.find(reference)


def test_latest_is_not_a_run_that_was_removed_nor_one_that_begins_like_it(
    state: StateFolder,
) -> None:
    with_runs(state, "7k2fb")
    (state.root / "runs" / "latest").write_text("7k2f\n")

    with pytest.raises(UserError, match="no run is called latest"):
        state.find("latest")


def test_where_the_project_is_read_only_runs_go_to_a_temporary_folder(tmp_path: Path) -> None:
    project, temporary = tmp_path / "project", tmp_path / "tmp"
    project.mkdir()
    temporary.mkdir()

    with read_only(project):
        first = prepare_state(project / ".handrail", temporary=temporary)
        second = prepare_state(project / ".handrail", temporary=temporary)
        first.folder.create_run(Random(7))

    assert first == second
    assert first.folder.root.parent == temporary
    assert first.folder.root.stat().st_mode & 0o777 == 0o700
    assert first.note.startswith(f"{project}/.handrail/runs: ")
    assert first.note.endswith(f"; this run is kept in {first.folder.root}")


def test_an_existing_state_folder_that_became_read_only_is_noticed(tmp_path: Path) -> None:
    StateFolder(tmp_path / ".handrail").create_run(Random(7))

    with read_only(tmp_path / ".handrail"):
        prepared = prepare_state(tmp_path / ".handrail", temporary=tmp_path)

    assert prepared.folder.root.name.startswith("handrail-")


def test_each_project_has_a_temporary_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    one = prepare_state(tmp_path / "file" / "one", temporary=tmp_path)
    other = prepare_state(tmp_path / "file" / "other", temporary=tmp_path)

    assert one.folder != other.folder


def test_a_writable_project_gets_its_own_folder_and_no_note(tmp_path: Path) -> None:
    prepared = prepare_state(tmp_path / ".handrail", temporary=tmp_path / "never")

    assert prepared.folder.root == tmp_path / ".handrail"
    assert prepared.note == ""


@pytest.mark.parametrize("trap", ["link", "open", "owned"])
def test_a_temporary_folder_that_others_prepared_is_not_used(tmp_path: Path, trap: str) -> None:
    (tmp_path / "file").touch()
    root = tmp_path / "file" / ".handrail"
    place = prepare_state(root, temporary=tmp_path).folder.root
    if trap == "link":
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    elif trap == "open":
        place.chmod(0o777)
    elif os.geteuid() == 0:
        os.chown(place, 65534, 65534)
    else:
        pytest.skip("only root can give a folder away")

    with pytest.raises(UnwritableError) as caught:
        prepare_state(root, temporary=tmp_path)

    assert caught.value.text() == (
        f"error: cannot write {place.name} [state-unwritable]\n"
        f"  {place}: others can write here\n"
        "\n"
        "hint: check free space (df) and permissions (ls -ld) of its folder"
    )


def test_writing_replaces_a_file_whole_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_atomically(tmp_path / "report.json", b"old and longer")
    write_atomically(tmp_path / "report.json", b"new")

    assert (tmp_path / "report.json").read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_beside(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()

    with pytest.raises(UnwritableError):
        write_atomically(tmp_path / "report.json", b"new")

    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_who_has_the_old_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "report.json", b"old")

    with (tmp_path / "report.json").open("rb") as reader:
        write_atomically(tmp_path / "report.json", b"new")
        assert reader.read() == b"old"
