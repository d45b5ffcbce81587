"""``handrail init --requirements``, with uv and an index that is a folder."""

import shutil
import zipfile
from pathlib import Path

import pytest
from real_runs import SCRIPTS, Project

UV = shutil.which("uv") or shutil.which("uv", path=str(SCRIPTS))
pytestmark = [pytest.mark.slow, pytest.mark.skipif(UV is None, reason="there is no uv here")]

OF_INDEX = (
    "\nhint: uv needs an index, or its cache: check the network and UV_INDEX, UV_OFFLINE, "
    "UV_FIND_LINKS\n"
)


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """A package that holds nothing but what it needs."""
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {each}\n" for each in needs)
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        for each, text in texts.items():
            file.writestr(f"{info}/{each}", text)


@pytest.fixture
def index(project: Project) -> dict[str, str]:
    """The variables by which uv finds packages in a folder, and nowhere else."""
    folder = project.home / "wheels"
    wheel(folder, "web", "1.0", "parts>=1")
    wheel(folder, "web", "2.0", "parts>=2")
    wheel(folder, "parts", "1.5")
    wheel(folder, "parts", "2.5")
    wheel(folder, "lint", "3.0")
    assert UV is not None
    settings = project.home / "uv.toml"
    settings.write_text(f'no-index = true\nfind-links = ["{folder}"]\n', "utf-8")
    return {
        "PATH": f"{Path(UV).parent}:/usr/bin:/bin",
        "UV_CONFIG_FILE": str(settings),
        "UV_CACHE_DIR": str(project.home / "cache"),
        "UV_PYTHON_DOWNLOADS": "never",
    }


def test_requirements_become_dependencies_with_a_lock_and_the_same_set(
    project: Project, index: dict[str, str]
) -> None:
    project.put("requirements.txt", "web<2\n")
    project.put("requirements-dev.txt", "-r requirements.txt\nlint\n")

    done = project.command("handrail", "init", "--requirements", "--yes", **index)

    assert "proof: uv resolves the same 3 packages before and after, for Python " in done.stderr
    assert done.returncode == 0
    lock = (project.folder / "uv.lock").read_text("utf-8")
    assert 'name = "web"\nversion = "1.0"' in lock
    assert (project.folder / ".python-version").exists()
    assert '"web<2",' in (project.folder / "pyproject.toml").read_text("utf-8")
    again = project.command("handrail", "init", "--requirements", **index)
    assert again.stdout == "nothing to do\n"


def test_where_uv_cannot_resolve_nothing_is_written(
    project: Project, index: dict[str, str]
) -> None:
    project.put("requirements.txt", "nowhere\n")
    before = sorted(project.folder.iterdir())

    done = project.command("handrail", "init", "--requirements", "--yes", **index)

    assert done.returncode == 2
    assert done.stderr.startswith("error: uv pip compile fails [uv]\n")
    assert "nowhere was not found" in done.stderr
    assert done.stderr.endswith(OF_INDEX)
    assert sorted(project.folder.iterdir()) == before


def test_without_an_index_it_is_said_what_to_check(project: Project, index: dict[str, str]) -> None:
    project.put("requirements.txt", "web\n")
    nobody = {"UV_CONFIG_FILE": "", "UV_NO_CONFIG": "1", "UV_OFFLINE": "1"}

    done = project.command("handrail", "init", "--requirements", **index | nobody)

    assert done.returncode == 2
    assert done.stderr.startswith("error: uv pip compile fails [uv]\n")
    assert done.stderr.endswith(OF_INDEX)


def test_requirements_that_do_not_fit_together_are_said_to_be_so(
    project: Project, index: dict[str, str]
) -> None:
    project.put("requirements.txt", "web>=2\nparts<2\n")

    done = project.command("handrail", "init", "--requirements", **index)

    assert done.returncode == 2
    assert done.stderr.endswith("\nhint: change the requirements as uv says, then try again\n")


def test_another_set_than_before_is_refused(project: Project, index: dict[str, str]) -> None:
    wheel(project.folder, "web", "9.0")
    project.put("requirements.txt", "web\n")
    project.put("pyproject.toml", """
        [project]
        name = "some-project"
        version = "1"

        [tool.uv.sources]
        web = { path = "web-9.0-py3-none-any.whl" }
    """)  # fmt: skip
    before = sorted(project.folder.iterdir())

    done = project.command("handrail", "init", "--requirements", "--yes", **index)

    assert done.returncode == 3
    where = done.stderr.splitlines()
    assert where[0] == (
        "error: uv would not resolve the same set; nothing was written [resolution-differs]"
    )
    assert where[1:3] == [
        "  requirements.txt: gone parts==2.5",
        "  requirements.txt: gone web==2.0",
    ]
    assert where[3].startswith("  requirements.txt: new ")
    assert where[-1] == "hint: look at what these files say of the packages"
    assert sorted(project.folder.iterdir()) == before
