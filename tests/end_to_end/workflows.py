"""Runs the steps of a workflow here: each job in a fresh clone, each cell of its matrix, with bash.

Stands in for what ``uses`` in generated workflows does: checking out is cloning, artifacts are folders.
Expressions are looked up in a table: one that is not in it is an error, not nothing.
"""

import fnmatch
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(sys.executable).parent
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")


@dataclass
class Machine:
    """Runs one workflow. ``lost``: artifacts that never arrive; ``skipped``: jobs that do not run."""

    origin: Path
    folder: Path
    event: str = "pull_request"
    lost: str = ""
    skipped: tuple[str, ...] = ()
    results: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    scripts: Path = SCRIPTS
    """Of the environment that stands for what a job installs."""
    environ: Mapping[str, str] = field(
        default_factory=lambda: {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )

    def run(self, workflow: Path) -> dict[str, str]:
        """The result of each job: success, failure or skipped."""
        jobs = yaml.safe_load(workflow.read_text())["jobs"]
        for name, job in jobs.items():
            if name in self.skipped:
                self.results[name] = "skipped"
                continue
            cells = list(_cells(job))
            good = [self._job(name, job, cell) for cell in cells]
            self.results[name] = "success" if all(good) else "failure"
        return self.results

    def run_gitlab(self, jobs: Path) -> dict[str, str]:
        """The same, of a file of jobs for GitLab: what is kept lies in one folder."""
        for name, job in yaml.safe_load(jobs.read_text()).items():
            matrix = job.get("parallel", {}).get("matrix", [{}])[0]
            cells = [dict(zip(matrix, each, strict=True)) for each in itertools.product(*matrix.values())]  # fmt: skip
            good = [self._gitlab_job(name, job, cell) for cell in cells]
            self.results[name] = "success" if all(good) else "failure"
        return self.results

    def _gitlab_job(self, name: str, job: Mapping[str, Any], cell: Mapping[str, str]) -> bool:
        place = self._place(name)
        kept = self.folder / "artifacts"
        subprocess.run(["git", "clone", "-q", self.origin, place], check=True)
        if "needs" in job:
            shutil.copytree(kept, place, dirs_exist_ok=True)
        is_good = all(self._shell(each, place, cell) for each in job["script"])
        for each in job.get("after_script", ()):
            self._shell(each, place, cell)
        for path in job["artifacts"]["paths"] if name != self.lost else ():
            source, target = place / path, kept / path
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        return is_good

    def _job(self, name: str, job: Mapping[str, Any], cell: Mapping[str, object]) -> bool:
        place = self._place(name)
        known = {f"matrix.{key}": str(value) for key, value in cell.items()}
        known |= {f"needs.{key}.result": value for key, value in self.results.items()}
        known["runner.os"] = "Linux"
        is_good = True
        for step in job["steps"]:
            if self._is_due(step.get("if", "success()"), is_good):
                is_good &= self._step(step, place, known)
        return is_good

    def _place(self, name: str) -> Path:
        """Of a fresh clone: in a folder of its own, and called as the repository is."""
        found = self.folder / f"{name}-{len(list(self.folder.iterdir()))}" / self.origin.name
        found.parent.mkdir()
        return found

    def _is_due(self, condition: str, is_good: bool) -> bool:
        text = _EXPRESSION.sub(r"\1", condition)
        if text in {"always()", "!cancelled()"}:
            return True
        if text == "success()":
            return is_good
        wanted = re.findall(r"github\.event_name == '(\w+)'", text)
        assert wanted, f"unknown condition: {condition}"
        return is_good and self.event in wanted

    def _step(self, step: Mapping[str, Any], place: Path, known: Mapping[str, str]) -> bool:
        def filled(text: object) -> str:
            return _EXPRESSION.sub(lambda found: _value(found[1], known), str(text))

        given = {key: filled(value) for key, value in step.get("with", {}).items()}
        match step.get("uses", "").partition("@")[0]:
            case "actions/checkout":
                subprocess.run(["git", "clone", "-q", self.origin, place], check=True)
            case "actions/upload-artifact":
                return self._upload(place / given["path"], given)
            case "actions/download-artifact":
                self._download(place / given["path"], given["pattern"])
            case "" if step.get("name") == "Install" and "pip install" in step["run"]:
                pass  # this environment has it
            case "":
                return self._shell(step["run"], place, {k: filled(v) for k, v in step.get("env", {}).items()})  # fmt: skip
        return True

    def _upload(self, source: Path, given: Mapping[str, str]) -> bool:
        is_hidden = any(part.startswith(".") for part in source.parts[-2:])
        if not source.exists() or (is_hidden and given.get("include-hidden-files") != "True"):
            return False
        if given["name"] != self.lost:
            target = self.folder / "artifacts" / given["name"]
            shutil.copytree(source, target, dirs_exist_ok=given.get("overwrite") == "True")
        return True

    def _download(self, target: Path, pattern: str) -> None:
        for each in sorted((self.folder / "artifacts").glob("*")):
            if fnmatch.fnmatch(each.name, pattern):
                shutil.copytree(each, target / each.name)

    def _shell(self, script: str, place: Path, environ: Mapping[str, str]) -> bool:
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=place,
            env={
                **kept,
                **environ,
                "PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}",
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_EVENT_NAME": self.event,
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **self.environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.printed += f"$ {script}\n{done.stdout}"
        return done.returncode == 0


def _cells(job: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    matrix = job.get("strategy", {}).get("matrix", {})
    for values in itertools.product(*matrix.values()):
        yield dict(zip(matrix, values, strict=True))


def _value(expression: str, known: Mapping[str, str]) -> str:
    if expression.startswith("hashFiles("):
        return "hash"
    return known[expression]
