"""The fixture ``attach`` in real runs."""

import pytest
from real_runs import Project

TESTS = """
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_one(attach, number, tmp_path):
    (tmp_path / "log.txt").write_text("a log")
    attach(tmp_path / "log.txt")
    attach(f"{number}.json", "{}")

def test_wrong(attach):
    with pytest.raises(FileNotFoundError, match="there is no file to attach: nowhere.png"):
        attach("nowhere.png")
    with pytest.raises(TypeError, match="bytes or text can be attached, not int"):
        attach("a", 3)
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_files_are_kept_and_listed(project: Project, workers: str) -> None:
    project.write(test_a=TESTS)

    run = project.run("-n", workers)

    assert run.returncode == 0
    found = sorted((e["test"], e["name"], e["kind"], e["bytes"]) for e in run.report["attachments"])
    assert found == [
        ("test_a.py::test_one[1]", "1.json", "application/json", 2),
        ("test_a.py::test_one[1]", "log.txt", "text/plain", 5),
        ("test_a.py::test_one[2]", "2.json", "application/json", 2),
        ("test_a.py::test_one[2]", "log.txt", "text/plain", 5),
    ]
    assert all(project.latest(each["path"]) for each in run.report["attachments"])


def test_workers_that_are_started_anew_keep_them_too(project: Project) -> None:
    project.write(test_a=TESTS)

    run = project.run("--strategy", "spawn")

    assert len(run.report["attachments"]) == 4


def test_a_file_that_cannot_be_kept_is_a_warning(project: Project) -> None:
    project.write(
        test_a="""
        import glob, shutil

        def test_one(attach):
            (run,) = glob.glob(".handrail/runs/????")
            open(f"{run}/attachments", "w").close()
            attach("a.txt", "a")
        """
    )

    run = project.run("-n", "0")

    assert run.returncode == 0
    assert "UserWarning: handrail: a.txt could not be attached: File exists" in run.log


def test_plain_pytest_runs_such_tests_and_keeps_nothing(project: Project) -> None:
    project.write(test_a=TESTS)

    done = project.pytest("-q")

    assert done.returncode == 0
    assert not (project.folder / ".handrail").exists()


def test_what_pytest_playwright_writes_is_attached(project: Project) -> None:
    # In its place a plugin that writes when it does: after teardown, before the report is there.
    project.write(
        conftest="""
        import pathlib, pytest

        class Writing:
            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(self, item, call):
                report = yield
                folder = pathlib.Path(item.funcargs.get("output_path", "nowhere"))
                if call.when == "teardown" and folder.name != "nowhere":
                    folder.mkdir(parents=True)
                    (folder / "test-failed-1.png").write_bytes(b"PNG")
                    (folder / "video").mkdir()
                    (folder / "video" / "page.webm").write_bytes(b"film")
                return report

        def pytest_addoption(parser, pluginmanager):
            pluginmanager.register(Writing(), "playwright")

        @pytest.fixture
        def output_path(tmp_path):
            return str(tmp_path / "out")
        """,
        test_a="""
        def test_page(output_path):
            pass

        def test_other():
            pass
        """,
    )

    run = project.run()

    found = [(each["test"], each["name"], each["kind"]) for each in run.report["attachments"]]
    assert found == [
        ("test_a.py::test_page", "test-failed-1.png", "image/png"),
        ("test_a.py::test_page", "page.webm", "video/webm"),
    ]
