"""The files of a project that ``handrail ci`` looks at."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from handrail.ci import dependabot, github, gitlab
from handrail.ci.pins import load_pins
from handrail.ci.project import Project, project_of
from handrail.ci.stages import Staged, staged
from handrail.wiring import Wiring


def stages_of(wiring: Wiring) -> tuple[Project, Staged]:
    """The project's stages, decided. Raises: ConfigError, StageError."""
    settings = wiring.settings
    project = project_of(wiring.root, _document(wiring.root))
    return project, staged(settings, project, load_pins())


def _document(root: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except OSError:
        return {}


def provider_of(root: Path) -> str:
    """As the project's files say."""
    is_gitlab = (root / gitlab.MAIN).exists() and not (root / ".github").exists()
    return "gitlab" if is_gitlab else "github"


def generated_places(root: Path, provider: str) -> dict[str, str]:
    """Every file where generated ones may be, by its path from ``root``."""
    main = gitlab.MAIN if provider == "gitlab" else dependabot.PATH
    folder = gitlab.FOLDER if provider == "gitlab" else github.FOLDER
    paths = [root / main, *sorted((root / folder).glob("*.y*ml"))]
    return {
        os.path.relpath(path, root): path.read_text("utf-8", "replace")
        for path in paths
        if path.is_file()
    }
