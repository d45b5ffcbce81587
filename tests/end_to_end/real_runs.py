"""A project in a folder of its own, and the console scripts run in it as a person would."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

SCRIPTS = Path(sys.executable).parent
MARKER = "HANDRAIL_TEST_MARKER"
NO_RANDOMLY = ("-p", "no:randomly") if importlib.util.find_spec("pytest_randomly") else ()
LEAVING_S = 30.0
"""How long a killed process may take to be gone."""
PATIENCE_S = 60.0
"""How long a busy machine may take for anything that a test waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What ``handrail run`` answered and left behind."""

    returncode: int
    stdout: str
    stderr: str
    elapsed_s: float
    report: Mapping[str, Any]
    """``report.json``; empty if there is none."""
    log: str
    """What pytest printed."""
    left: Sequence[str] = ()
    """Processes of the run that are still there."""

    @property
    def outcomes(self) -> dict[str, str]:
        """By node id."""
        return {each["name"]: each["status"] for each in self.report.get("tests", ())}

    @property
    def passed(self) -> set[str]:
        return {name for name, outcome in self.outcomes.items() if outcome == "passed"}

    @property
    def failures(self) -> dict[str, Mapping[str, Any]]:
        """Causes by the first test that they made fail."""
        return {each["tests"][0]: each for each in self.report.get("failures", ()) if each["tests"]}

    @property
    def lines(self) -> list[str]:
        return [line for line in self.stdout.splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Project:
    """A project of some files. Commands run in a clean environment that marks their descendants."""

    folder: Path
    home: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    has_plugins: bool = False
    """Whether pytest loads all plugins that are installed, which takes as long again as a short run."""

    def write(self, **files: str) -> None:
        """``test_a=...`` for ``test_a.py``; ``__`` stands for a folder."""
        for name, text in files.items():
            self.put(f"{name.replace('__', '/')}.py", text)

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), "utf-8")
        return path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        alone = {} if self.has_plugins else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return {
            **kept,
            **alone,
            MARKER: self.mark,
            "TMPDIR": str(self.home / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def command(
        self, script: str, *arguments: str, timeout_s: float = 60.0, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """A console script of this environment: ``handrail`` or ``pytest``."""
        if script == "pytest" and not self.has_plugins:
            xdist = ("-p", "xdist") if "-n" in arguments else ()
            arguments = ("-p", "handrail", *xdist, *arguments)
        return subprocess.run(
            [str(SCRIPTS / script), *arguments],
            cwd=self.folder, env=self.environment(**environ), stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="replace", timeout=timeout_s, check=False,
        )  # fmt: skip

    def pytest(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return self.command("pytest", *NO_RANDOMLY, *arguments, **environ)

    def run(self, *arguments: str, timeout_s: float = 60.0, **environ: str) -> Run:
        """``handrail run`` with these arguments, on two workers unless they say otherwise."""
        before, began = self.latest_id(), time.monotonic()
        workers = () if "-n" in arguments else ("-n", "2")
        done = self.command(
            "handrail", "run", "--tests", *workers, *NO_RANDOMLY, *arguments,
            timeout_s=timeout_s, **environ,
        )  # fmt: skip
        is_new = self.latest_id() != before
        return Run(
            returncode=done.returncode,
            stdout=done.stdout,
            stderr=done.stderr,
            elapsed_s=time.monotonic() - began,
            report=json.loads(is_new * self.latest("report.json") or "{}"),
            log=is_new * self.latest("pytest.log"),
            left=self.left(),
        )

    def start(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """``handrail run`` that is not waited for."""
        return self.open("run", "--tests", *NO_RANDOMLY, *arguments, **environ)

    def open(self, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
        """``handrail`` that is not waited for; it leads a group of its own."""
        return subprocess.Popen(
            [str(SCRIPTS / "handrail"), *arguments],
            cwd=self.folder, env=self.environment(**environ), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
            process_group=0,
        )  # fmt: skip

    def latest_id(self) -> str:
        """The id of the latest run; empty if there is none."""
        path = self.folder / ".handrail" / "runs" / "latest"
        return path.read_text("utf-8").strip() if path.exists() else ""

    def latest(self, name: str) -> str:
        """A file of the latest run; empty if there is none."""
        path = self.folder / ".handrail" / "runs" / self.latest_id() / name
        return path.read_text("utf-8", "replace") if path.is_file() else ""

    def counts(self, name: str = "ran.txt") -> dict[str, int]:
        """How often each test appended its name to that file."""
        try:
            lines = (self.folder / name).read_text("utf-8").split()
        except OSError:
            return {}
        return {each: lines.count(each) for each in lines}

    def left(self) -> list[str]:
        """Processes that carry this project's mark, once those being killed had time to go."""
        deadline = time.monotonic() + LEAVING_S
        while (found := self._marked()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return [f"{pid}: {command}" for pid, command in found]

    def pids(self) -> dict[int, str]:
        """Processes that carry this project's mark just now, with their command lines."""
        return dict(self._marked())

    def kill_left(self) -> None:
        for pid, _ in self._marked():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _marked(self) -> list[tuple[int, str]]:
        wanted = f"{MARKER}={self.mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                command = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue
            if state != "Z":
                found.append((int(folder.name), command))
        return found


@contextlib.contextmanager
def mounted(target: Path, *arguments: str) -> Generator[None]:
    """``mount`` with these arguments; the test is skipped where that is not allowed."""
    done = subprocess.run(["mount", *arguments, str(target)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.decode(errors='replace').strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(target)], check=False)
