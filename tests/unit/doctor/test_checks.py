"""Each check finds what is broken, names what mends it, and is silent once that is done."""

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handrail.cli.doctoring import around_of
from handrail.doctor import checks, machine, python
from handrail.doctor.findings import Finding, Weight
from handrail.model.handbook import AGENTS_MD
from handrail.services.claiming import claim
from handrail.services.sessions import new_session
from handrail.wiring import Wiring

GATED = """
[tool.handrail.tiers.fast]
select = "not chaos"
[tool.handrail.tiers.chaos]
select = "chaos"
gate = "destructive"
[tool.handrail.gates.destructive]
"""


class Project:
    """A project and a shell in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environ: dict[str, str] = {}

    def put(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def find(self, code: str) -> list[Finding]:
        around = around_of(Wiring(folder=self.root, environ=self.environ))
        ((_, found),) = checks.examine(around, [code])
        return found

    def one(self, code: str) -> Finding:
        (found,) = self.find(code)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "project")
    project.put("pyproject.toml", '[project]\nname = "shop"\nversion = "1"\n')
    return project


def test_a_healthy_project_has_no_problem(project: Project) -> None:
    around = around_of(Wiring(folder=project.root, environ={"PATH": os.environ["PATH"]}))

    found = {check.code: each for check, each in checks.examine(around) if each}

    assert found == {}


def test_codes_are_unique_and_ascend() -> None:
    codes = [check.code for check in checks.CHECKS]

    assert codes == sorted(set(codes))


# D01: the interpreter.


def test_an_environment_that_is_not_the_projects(project: Project) -> None:
    project.put(".venv/pyvenv.cfg", "home = /usr")

    found = project.one("D01")

    assert found.what == "this handrail runs in another environment than the project's"
    assert found.where == f"this one: {sys.prefix}\nthe project's: {project.root / '.venv'}"
    (project.root / ".venv" / "pyvenv.cfg").unlink()
    (project.root / ".venv").rmdir()
    (project.root / ".venv").symlink_to(sys.prefix)
    assert project.find("D01") == []


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        (">=3.11", True),
        (">=3.11,<4", True),
        ("~=3.11", True),
        ("==3.*", True),
        (">=99", False),
        ("<3.11", False),
        ("!=3.11.*,<99", sys.version_info[:2] != (3, 11)),
        ("==2.7.*", False),
        ("nonsense", True),
    ],
)
def test_a_python_that_the_project_does_not_support(
    project: Project, wanted: str, is_met: bool
) -> None:
    project.put("pyproject.toml", f'[project]\nname = "shop"\nrequires-python = "{wanted}"\n')

    assert (project.find("D01") == []) is is_met


# D02: pytest.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.toml", '[pytest]\naddopts = ["-p", "no:handrail"]\n'),
        ("pytest.ini", "[pytest]\naddopts = -p no:handrail\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = ["-p", "no:handrail"]\n'),
        ("setup.cfg", "[tool:pytest]\naddopts = -q -p no:handrail\n"),
    ],
)
def test_the_plugin_is_switched_off(project: Project, name: str, text: str) -> None:
    project.put(name, text)

    found = project.one("D02")

    assert (found.what, found.fix) == (
        "the plugin is switched off",
        "remove -p no:handrail there",
    )
    project.put(name, text.replace("no:handrail", "no:doctest"))
    assert project.find("D02") == []


def test_plugins_are_not_loaded_by_themselves(project: Project) -> None:
    project.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

    assert project.one("D02").weight is Weight.NOTE
    project.environ.clear()
    assert project.find("D02") == []


def test_a_pytest_that_is_too_old(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python.importlib.metadata, "version", lambda _: "7.4.4")

    found = project.one("D02")

    assert found.what == "pytest 7.4.4 is too old; 8.4 is the least"
    assert found.fix == f"{sys.executable} -m pip install 'pytest>=8.4'"


# D03: the lock file.


@pytest.mark.parametrize(
    ("name", "text", "missing", "fix"),
    [
        ("uv.lock", '[[package]]\nname = "httpx"\n', "ruff, zope-interface", "uv lock"),
        ("poetry.lock", '[[package]]\nname = "HTTPX"\n', "ruff, zope-interface", "poetry lock"),
        (
            "requirements.lock",
            "httpx==1 \\\n    --hash=sha256:aa\n",
            "zope-interface",
            "uv pip compile --universal --generate-hashes pyproject.toml -o requirements.lock",
        ),
    ],
)
def test_a_lock_that_lacks_something(
    project: Project, name: str, text: str, missing: str, fix: str
) -> None:
    project.put(
        "pyproject.toml",
        """
        [project]
        name = "shop"
        dependencies = ["httpx>=1", "zope.interface; python_version > '3'"]
        [dependency-groups]
        dev = ["ruff", { include-group = "other" }]
        """,
    )
    project.put(name, text)

    found = project.one("D03")

    assert (found.where, found.fix) == (missing, fix)
    more = [f'[[package]]\nname = "{each}"\n' for each in missing.split(", ")]
    is_plain = name == "requirements.lock"
    project.put(name, text + (f"{missing}==1\n" if is_plain else "".join(more)))
    assert project.find("D03") == []


def test_a_lock_that_cannot_be_read(project: Project) -> None:
    project.put("uv.lock", "[[package")

    assert project.one("D03").what == "uv.lock cannot be read"


# D04: the configuration.


def test_every_problem_of_the_configuration(project: Project) -> None:
    project.put("pyproject.toml", "[tool.handrail.tiers.fast]\ntimout = 1\nbudget = 3\n")

    first, second = project.find("D04")

    assert (first.what, first.where) == (
        "tool.handrail.tiers.fast.timout: unknown key; nearest: timeout",
        "pyproject.toml:2",
    )
    assert second.where == "pyproject.toml:3"
    project.put("pyproject.toml", '[tool.handrail.tiers.fast]\ntimeout = "1s"\n')
    assert project.find("D04") == []


def test_a_configuration_of_pytest_that_is_not_read(project: Project) -> None:
    project.put("pytest.ini", "[pytest]\n")
    project.put("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['-q']\n")

    found = project.one("D04")

    assert found.what == "pytest reads pytest.ini and nothing else"
    assert found.where == "not read: pyproject.toml [tool.pytest.ini_options]"
    project.put("pytest.toml", "[pytest]\n")
    assert project.one("D04").what == "pytest reads pytest.toml and nothing else"
    (project.root / "pytest.toml").unlink()
    (project.root / "pytest.ini").unlink()
    assert project.find("D04") == []


# D05: tiers.


def test_markers_that_nobody_registers(project: Project) -> None:
    project.put("pyproject.toml", GATED)

    first, _ = project.find("D05")

    assert first.what == "tier fast selects by markers that nobody registers"
    assert first.fix == 'add "chaos: what it means" to markers of [tool.pytest.ini_options]'
    project.put("pyproject.toml", GATED + '[tool.pytest.ini_options]\nmarkers = ["chaos: kills"]\n')
    assert project.find("D05") == []


# D06: gates.


def test_gates_that_open_without_the_plugin(project: Project) -> None:
    project.put("pyproject.toml", GATED)

    found = project.one("D06")

    assert found.what == "without the plugin, pytest would run the gated tests of chaos"
    for mended in ('addopts = ["--strict-markers"]', "strict_markers = true", "strict = true"):
        project.put("pyproject.toml", f"{GATED}[tool.pytest.ini_options]\n{mended}\n")
        assert project.find("D06") == []


# D07: production.


@pytest.mark.parametrize(
    ("name", "value", "is_found"),
    [
        ("DATABASE_URL", "postgres://me:secret@db.prod.example.com/shop", True),
        ("REDIS_HOST", "live-cache", True),
        ("PROD_API_URL", "https://example.com", True),
        ("DATABASE_URL", "postgres://localhost/production", False),
        ("API_URL", "https://products.example.com", False),
        ("NOTHING", "prod", False),
    ],
)
def test_what_leads_to_production(project: Project, name: str, value: str, is_found: bool) -> None:
    project.environ[name] = value

    found = project.find("D07")

    assert [each.what for each in found] == [f"{name} looks like production"] * is_found
    assert "secret" not in repr(found)


# D08: services.


def test_a_service_that_nothing_can_start(project: Project) -> None:
    project.put("pyproject.toml", '[tool.handrail.services.redis]\nversion = "1"\n')

    found = project.one("D08")

    assert found.what == "nothing here can start redis"
    project.put("pyproject.toml", "[tool.handrail]\n")
    assert project.find("D08") == []


def test_a_service_at_a_url_that_does_not_answer(project: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        text = f'[tool.handrail.services.redis]\nurl = "redis://127.0.0.1:{port}"\n'
        project.put("pyproject.toml", text)
        assert project.find("D08") == []

    assert "redis" in project.one("D08").what


# D09: resources.


def test_too_few_open_files(project: Project) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        found = project.one("D09")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert found.what == "a process may open 256 files only"
    assert found.fix.startswith("ulimit -n ")
    assert project.find("D09") == []


@pytest.mark.parametrize(
    ("name", "what"),
    [("_DISK_BYTES", " are free"), ("_INODES", " more files can be made")],
)
def test_a_disk_that_is_nearly_full(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    monkeypatch.setattr(machine, name, 1 << 60)

    assert all(what in each.what for each in project.find("D09"))
    assert project.find("D09")


def test_too_little_memory(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_MEMORY_BYTES", 1 << 60)

    assert project.one("D09").what.endswith(" of memory are free")


def test_too_little_shared_memory_matters_to_services_only(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_SHARED_BYTES", 1 << 60)
    assert project.find("D09") == []

    project.put("pyproject.toml", "[tool.handrail.services.redis]\n")

    assert project.one("D09").weight is Weight.NOTE


# D10: leftovers.


def test_folders_of_servers_that_nobody_answers_for(project: Project, tmp_path: Path) -> None:
    homes = tmp_path / "homes"
    project.put("pyproject.toml", f'[tool.handrail]\nservices-folder = "{homes}"\n')
    held, dead = new_session(homes), new_session(homes)
    lock = claim(str(held))
    os.close(claim(str(dead)))

    found = project.one("D10")

    assert found.what == "1 folders of servers belong to nobody any more"
    assert found.repair is not None
    found.repair()
    assert project.find("D10") == []
    assert held.exists()
    os.close(lock)


# D11: the state folder.


def test_git_does_not_ignore_the_state_folder(project: Project) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    project.put(".gitignore", "*.pyc")

    found = project.one("D11")

    assert (found.what, found.fix) == (
        "git does not ignore the state folder",
        "echo .handrail/ >> .gitignore",
    )
    assert found.repair is not None
    found.repair()
    assert project.find("D11") == []
    assert (project.root / ".gitignore").read_text() == "*.pyc\n.handrail/\n"


# D12: other plugins.


def test_xdist_that_is_always_asked_for(project: Project) -> None:
    project.put("pytest.ini", "[pytest]\naddopts = -n auto\n")

    found = project.one("D12")

    assert found.fix == "remove -n from pytest.ini: handrail run is parallel by itself"
    project.put("pytest.ini", "[pytest]\naddopts = -q\n")
    assert project.find("D12") == []


def test_a_plugin_that_schedules_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Installed:
        name = "pytest_parallel"

    monkeypatch.setattr(python.importlib.metadata, "distributions", lambda: [Installed()])

    assert project.one("D12").fix == f"{sys.executable} -m pip uninstall pytest-parallel"


# D13: clock, encoding, proxies.


def test_a_proxy_that_is_asked_for_this_machine(project: Project) -> None:
    project.environ["HTTPS_PROXY"] = "http://me:secret@proxy:3128"

    found = project.one("D13")

    assert found.fix == "export NO_PROXY=localhost,127.0.0.0/8"
    assert "secret" not in repr(found)
    project.environ["NO_PROXY"] = "localhost,.example.com"
    assert project.find("D13") == []


@pytest.fixture
def drift(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    real = machine.time.time
    yield lambda by_s: monkeypatch.setattr(machine.time, "time", lambda: real() + by_s)
    monkeypatch.undo()


def test_a_clock_that_is_wrong(project: Project, drift: Callable[[float], None]) -> None:
    drift(-3600.0)

    assert project.one("D13").what == "the clock differs from that of the file system by 3600 s"


# D14: the history.


def test_a_history_that_cannot_be_read(project: Project) -> None:
    project.put(".handrail/history.db", "no database at all, " * 100)

    assert "history" in project.one("D14").what
    (project.root / ".handrail" / "history.db").unlink()
    assert project.find("D14") == []


# D15: workflows of CI.


def test_a_generated_workflow_that_was_edited(project: Project) -> None:
    stage = '[tool.handrail.stages.pr]\non = ["push"]\n'
    project.put("pyproject.toml", f'[project]\nname = "shop"\nversion = "1"\n{stage}')
    assert project.one("D15").what == "a stage has no workflow"
    generate = [sys.executable, "-m", "handrail", "ci", "generate"]
    subprocess.run(generate, cwd=project.root, check=True, capture_output=True)
    assert project.find("D15") == []

    path = project.root / ".github/workflows/handrail-pr.yml"
    path.write_text(path.read_text().replace("fail-fast: false", "fail-fast: true"))

    assert project.one("D15").fix == "handrail ci generate"
    subprocess.run(generate, cwd=project.root, check=True, capture_output=True)
    assert project.find("D15") == []


def test_a_workflow_with_a_known_fault(project: Project) -> None:
    text = "on: push\npermissions: {}\njobs: {a: {runs-on: x, TIME steps: [{run: pytest}]}}\n"
    project.put(".github/workflows/a.yml", text.replace("TIME", ""))

    found = project.one("D15")

    assert (found.where, found.fix, found.weight) == ("W07: 1", "handrail ci check", Weight.NOTE)
    project.put(".github/workflows/a.yml", text.replace("TIME", "timeout-minutes: 5,"))
    assert project.find("D15") == []


# D16: agents.


def test_a_handbook_that_says_nothing_of_tests(project: Project) -> None:
    path = project.put("AGENTS.md", "# Shop\n")

    assert project.one("D16").fix == "handrail help agents-md >> AGENTS.md"
    path.write_text(f"# Shop\n{AGENTS_MD}\n")
    assert project.find("D16") == []


def test_a_handbook_of_an_older_handrail(project: Project) -> None:
    first, *_, last = AGENTS_MD.splitlines()
    path = project.put("CLAUDE.md", f"# Shop\n{first}\nRun pytest.\n{last}\nMore.\n")

    found = project.one("D16")

    assert found.what == "CLAUDE.md says what an older Handrail said"
    assert found.repair is not None
    found.repair()
    assert path.read_text() == f"# Shop\n{AGENTS_MD}\nMore.\n"
    assert project.find("D16") == []


def test_tools_that_end_a_command_soon(project: Project) -> None:
    project.environ["BASH_DEFAULT_TIMEOUT_MS"] = "60000"

    assert project.one("D16").fix == "handrail start, then handrail wait --timeout 50s"
    project.environ["BASH_DEFAULT_TIMEOUT_MS"] = "600000"
    assert project.find("D16") == []


# D17: Docker's build context.


def test_folders_that_no_image_needs(project: Project) -> None:
    project.put("Dockerfile", "FROM scratch\n")
    project.put(".git/config", "")
    project.put(".venv/x", "")

    found = project.one("D17")

    assert found.fix == "printf '%s\\n' .git .venv >> .dockerignore"
    assert found.repair is not None
    found.repair()
    assert project.find("D17") == []


def test_a_build_context_that_is_large(project: Project) -> None:
    project.put("Dockerfile", "FROM scratch\n")
    big = project.put("data/big", "")
    os.truncate(big, 200 << 20)

    assert project.one("D17").what == "the build context has 200 MiB"
    project.put(".dockerignore", "data/\n")
    assert project.find("D17") == []
