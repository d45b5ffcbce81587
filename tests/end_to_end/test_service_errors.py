"""A service that cannot be had says what is wrong, where, and what to try; nothing of our own code."""

import os
import re
import socket
import sys
from pathlib import Path

import pytest
from real_runs import Project, mounted

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.supervision import ServiceNotReadyError, Supervision

pytestmark = pytest.mark.slow

ASKS = """
    def test_it(SERVICE): ...
    """


def configure(project: Project, service: str, *lines: str) -> None:
    project.put("pyproject.toml", "\n".join([f"[tool.handrail.services.{service}]", *lines, ""]))
    project.write(test_a=ASKS.replace("SERVICE", service))


def told(project: Project, *arguments: str, code: int = 2, **environ: str) -> str:
    """What the report says of the one failure; the run has failed with that exit code."""
    run = project.run(*arguments, **environ)
    assert run.returncode == code, run.stdout
    (failure,) = run.report["failures"]
    assert failure["frames"] == []
    assert "src/handrail" not in run.stdout.replace(str(project.folder), "")
    return str(failure["message"])


def test_a_version_that_does_not_match(project: Project) -> None:
    configure(project, "redis", 'version = "3"')

    message = told(project)

    assert message.startswith(
        "error: nothing here can start redis [no-backend]\n  native: version 3 is wanted, found "
    )


@pytest.mark.parametrize("service", ["redis", "postgres"])
def test_a_folder_in_which_nothing_can_be_made(
    project: Project, tmp_path: Path, service: str
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    project.put(
        "pyproject.toml",
        f"""
        [tool.handrail]
        services-folder = "{full}"

        [tool.handrail.services.{service}]
        """,
    )
    project.write(test_a=ASKS.replace("SERVICE", service))

    with mounted(full, "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs"):
        message = told(project, "-n", "0")

    assert f"[Errno 28] No space left on device: '{full}" in message
    assert "hint: make room there (df -h" in message


@pytest.mark.parametrize("command", ["pytest", "handrail run -n 0", "handrail run -n 2"])
def test_an_error_that_somebody_can_fix_comes_without_our_own_lines(
    project: Project, command: str
) -> None:
    configure(project, "redis", 'version = "3"')
    script, *arguments = command.split()

    done = project.command(script, *arguments)

    assert done.returncode == (1 if script == "pytest" else 2)
    assert "error: nothing here can start redis [no-backend]" in done.stdout
    assert "def choose" not in done.stdout


def test_a_template_command_that_fails_shows_what_it_printed(project: Project) -> None:
    configure(project, "postgres", 'template = "sh migrate.sh"')
    project.put("migrate.sh", "echo >> ran.txt; echo no such column: users.nmae >&2; exit 3")

    message = told(project, "-n", "1")

    assert message == (
        "error: the template command failed with exit code 3: sh migrate.sh [template]\n"
        "  no such column: users.nmae\n\n"
        "hint: run it by hand with DATABASE_URL set"
    )
    assert (project.folder / "ran.txt").read_text() == "\n"


def test_a_template_of_sql_that_fails(project: Project) -> None:
    configure(project, "postgres", 'template = "schema.sql"')
    project.put("schema.sql", "CREATE TABEL users ();")

    message = told(project)

    assert message == (
        'error: the template schema.sql failed: syntax error at or near "TABEL" [template]\n\n'
        "hint: correct the SQL"
    )


def test_a_level_that_does_not_exist(project: Project) -> None:
    project.put("pyproject.toml", "[tool.handrail.services.redis]\n")
    project.write(
        test_a="""
        import pytest

        @pytest.mark.isolation("schema")
        def test_it(redis): ...
        """
    )

    message = told(project, code=1)

    assert message == (
        "error: isolation('schema') is no level [no-such-level]\n"
        "  test_a.py::test_it\n\n"
        "hint: use one of: savepoint, clone, truncate, server"
    )


def test_a_client_library_that_is_missing(project: Project) -> None:
    project.put("pyproject.toml", "[tool.handrail.services.postgres]\n")
    project.put("conftest.py", "import sys\nsys.modules['psycopg'] = None\n")
    project.write(test_a="def test_it(postgres):\n    postgres.connect()\n")

    run = project.run()

    (failure,) = run.report["failures"]
    assert failure["message"] == (
        "error: postgres.connect() needs psycopg, which is not installed [missing-client]\n\n"
        "hint: pip install 'handrail[postgres]'"
    )
    assert failure["where"] == "test_a.py:2"


def test_a_snapshot_that_was_damaged_is_built_again_and_that_is_said(project: Project) -> None:
    configure(project, "postgres", 'template = "schema.sql"')
    project.put("schema.sql", "CREATE TABLE users ()")
    assert project.run().returncode == 0
    for each in (project.folder / ".handrail" / "snapshots").glob("*/PG_VERSION"):
        each.write_text("")

    run = project.run()

    assert run.returncode == 0, run.stdout
    said = re.findall(r"the snapshot /\S+ was damaged and is built again", run.log)
    assert len(said) == 2, run.log


def test_a_port_that_is_in_use_is_named_in_the_hint(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Supervision(tmp_path) as supervision:
        port = taken.getsockname()[1]
        start = Start(
            name="api",
            argv=(sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"),
            folder=str(supervision.folder / "api"),
            env=dict(os.environ),
            address=Address(port=port),
            ready=Ready(line="Serving HTTP", probe=Probe.TCP),
        )
        with pytest.raises(ServiceNotReadyError) as caught:
            supervision.start(start)

    assert caught.value.what == "api is not ready: ended with exit code 1"
    assert caught.value.where.startswith(f"command: {sys.executable} -m http.server {port} ")
    assert "Address already in use" in caught.value.where
    assert caught.value.hint == (
        "something else listens there; write {port} into the command instead of a number"
    )
