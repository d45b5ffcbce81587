"""The tests of a project with their tiers, asked of pytest."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from handrail.ci.covering import Mapped
from handrail.errors import UserError

_TARGET = "HANDRAIL_MAP"
_NO_TESTS = 5
_LINES = 12


class CollectError(UserError):
    """pytest cannot collect the tests, so that nothing can be said about them."""

    reference = "not-collected"

    def __init__(self, output: str) -> None:
        lines = [line for line in output.splitlines() if line.strip()]
        super().__init__(
            "pytest cannot collect the tests",
            where="\n".join(lines[-_LINES:]),
            hint="python -m pytest --collect-only",
        )


def collected(root: Path, environ: Mapping[str, str]) -> list[Mapped]:
    """Every test, whatever may run here. Raises: CollectError."""
    plugins = ["-p", "handrail.pytest_plugin.mapping"]
    if environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        plugins += ["-p", "handrail"]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "map.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", *plugins],
            cwd=root,
            env={**os.environ, **environ, _TARGET: str(target)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode not in {0, _NO_TESTS} or not target.exists():
            if done.returncode == _NO_TESTS:
                return []
            raise CollectError(done.stdout)
        found = json.loads(target.read_text("ascii"))
    return [
        Mapped(name=name, tiers=tuple(tiers), bond=bond, is_ci_skip=is_skip)
        for name, tiers, bond, is_skip in found
    ]
