"""The files of a project where generated workflows are, or would be."""

import os
from pathlib import Path

from handrail.ci import dependabot, github, gitlab


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
