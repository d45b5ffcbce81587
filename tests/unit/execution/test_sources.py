"""What was saved, seen through the texts of files, which are read piece by piece."""

from pathlib import Path

from handrail.execution.sources import Sources


def changed(sources: Sources) -> frozenset[str]:
    while not sources.is_read:
        sources.read_one()
    return sources.changed(is_running=False)


def test_a_file_that_is_saved_before_it_was_read_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "shop.py"
    path.write_text("PRICE = 3\n")
    sources = Sources(tmp_path)

    path.write_text("PRICE = 40\n")

    assert changed(sources) == {"shop.py"}
    sources.close()


def test_a_file_that_is_saved_with_the_same_text_has_not(tmp_path: Path) -> None:
    path = tmp_path / "shop.py"
    path.write_text("PRICE = 3\n")
    sources = Sources(tmp_path)
    assert changed(sources) == frozenset()

    path.write_text("PRICE = 3\n")

    assert changed(sources) == frozenset()
    sources.close()
