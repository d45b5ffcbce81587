"""The files of a project that ``handrail ci`` looks at."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

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
