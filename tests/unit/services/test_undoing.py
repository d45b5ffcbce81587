"""What must be undone is undone once, though it may take some attempts."""

from pathlib import Path

import pytest

from handrail.services.undoing import forget_undo, note_undo, run_undos, undo
from handrail.system.processes import TIDIES


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


@pytest.mark.slow
def test_it_is_tried_again_until_it_has_found_something_to_undo(tmp_path: Path) -> None:
    undo(str(tmp_path), shell(f"cd {tmp_path}; echo x >> tries; grep -c . tries | grep 2"))

    assert (tmp_path / "tries").read_text() == "x\nx\n"


@pytest.mark.slow
def test_it_is_given_up_after_a_while(tmp_path: Path) -> None:
    undo(str(tmp_path), shell(f"echo x >> {tmp_path}/tries"))

    assert len((tmp_path / "tries").read_text().split()) == 4


def test_a_program_that_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    undo(str(tmp_path), ("no-such-program",))


def test_its_process_has_the_name_of_one_that_tidies_up(tmp_path: Path) -> None:
    undo(str(tmp_path), shell(f"cat /proc/$$/comm > {tmp_path}/name; echo done"))

    assert (tmp_path / "name").read_text().strip() == TIDIES
    assert {each.name for each in tmp_path.iterdir()} == {"name"}


def test_what_was_noted_is_run_but_for_what_was_forgotten(tmp_path: Path) -> None:
    one, other = (shell(f"echo {name} | tee -a {tmp_path}/done") for name in ("one", "other"))
    note_undo(str(tmp_path), one)
    note_undo(str(tmp_path), other)
    forget_undo(str(tmp_path), one)

    run_undos(str(tmp_path))

    assert (tmp_path / "done").read_text() == "other\n"
