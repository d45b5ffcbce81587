"""Running one project under plain pytest and under ``handrail run``, and what either told."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPTS = Path(sys.executable).parent
PLAIN = ("pytest",)
HAS_RANDOMLY = importlib.util.find_spec("pytest_randomly") is not None
COUNTS = ("exitstatus", "testscollected", "testsfailed", "deselected")
STATISTICS = re.compile(r"in \d+\.\d+s|\d+\.\d+s (call|setup|teardown)|\(\d+:\d\d:\d\d\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one run told, free of addresses, durations and the folder it happened in."""

    returncode: int
    stdout: str
    stderr: str
    log: str
    """Everything pytest printed."""
    record: Mapping[str, Any]
    junit: Mapping[str, Any]
    last_failed: Sequence[str]
    report: Mapping[str, Any]
    """Handrail's own report; empty for plain pytest."""

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Node ids with pytest's words for what became of them."""
        return sorted((each["nodeid"], each["category"]) for each in self.record["reports"])

    @property
    def lines(self) -> list[str]:
        """All of it, one fact a line, in an order that does not depend on who was first."""
        record = self.record
        for each in record.get("reports", ()):
            each["sections"] = [found for found in each["sections"] if not _is_progress(found)]
        reports = sorted(
            record.get("reports", ()), key=lambda each: json.dumps(each, sort_keys=True)
        )
        sections = [
            ("counts", [f"{key}: {record.get(key)}" for key in COUNTS]),
            ("reports", [f"{key}: {value}" for each in reports for key, value in _flat(each)]),
            ("warnings", sorted(": ".join(each) for each in record.get("warnings", ()))),
            ("junit", [f"{key}: {value}" for key, value in _flat(dict(self.junit))]),
            ("last failed", list(self.last_failed)),
            ("summary", self.summary),
        ]
        return [
            line
            for title, found in sections
            for text in [f"== {title}", *found]
            for line in text.splitlines()
        ]

    @property
    def summary(self) -> list[str]:
        """The lines of the short summary and what follows it, in alphabetical order."""
        lines = self.log.splitlines()
        titles = [n for n, line in enumerate(lines) if "short test summary info" in line]
        return (
            sorted(line.strip("= ") for line in lines[titles[-1] + 1 :]) if titles else lines[-1:]
        )


class Lab:
    """A place where the same project is run in different ways."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def run(
        self,
        files: Mapping[str, str],
        command: Sequence[str],
        arguments: Iterable[str] = (),
        *,
        has_junit: bool = True,
        before: Iterable[Sequence[str]] = (),
        environ: Mapping[str, str] | None = None,
    ) -> Told:
        """Run the project in a fresh copy: first ``before``, unlooked at, then the command."""
        self._count += 1
        home = self._folder / f"run{self._count}"
        project, record, junit = home / "project", home / "record.json", home / "junit.xml"
        write(project, files)
        (home / "tmp").mkdir()
        env = clean_environment(home) | {"PARITY_RECORD": str(record)} | dict(environ or {})
        for earlier in before:
            self._execute(command, earlier, project, env)
            record.unlink(missing_ok=True)
        extra = [f"--junitxml={junit}"] if has_junit else []
        done = self._execute(command, [*extra, *arguments], project, env)
        is_plain = tuple(command) == PLAIN

        def neutral(text: str) -> str:
            return normal(text.replace(str(home), "/home"))

        return Told(
            returncode=done.returncode,
            stdout=neutral(done.stdout),
            stderr=neutral(done.stderr),
            log=neutral(done.stdout if is_plain else read_latest(project, "pytest.log")),
            record=json.loads(neutral(record.read_text("utf-8")) if record.exists() else "{}"),
            junit=junit_of(neutral(junit.read_text("utf-8"))) if junit.exists() else {},
            last_failed=last_failed_of(project),
            report={} if is_plain else json.loads(read_latest(project, "report.json") or "{}"),
        )

    def _execute(
        self,
        command: Sequence[str],
        arguments: Iterable[str],
        project: Path,
        env: Mapping[str, str],
    ) -> "subprocess.CompletedProcess[str]":
        first, *rest = command
        off = ["-p", "no:randomly"] if HAS_RANDOMLY and "randomly" not in str(arguments) else []
        return subprocess.run(
            [str(SCRIPTS / first), *rest, "-p", "parity_recorder", *off, *arguments],
            cwd=project, env=dict(env), capture_output=True, encoding="utf-8", errors="replace",
            timeout=120, check=False,
        )  # fmt: skip


def _is_progress(section: Sequence[str]) -> bool:
    """Whether it holds pytest's own dots: plain pytest captures those of unittest's subtests."""
    return (
        section[0].startswith("Captured stdout") and re.fullmatch("[u,-]+", section[1]) is not None
    )


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(each, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for each in value:
            yield from _flat(each, key)
    else:
        yield key, value


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def clean_environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "TMPDIR": str(home / "tmp"),
        "PYTHONPATH": str(Path(__file__).parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "COLUMNS": "80",
    }


def normal(text: str) -> str:
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text)
    text = re.sub(r"pytest-of-\w+/pytest-\d+/(popen-gw\d+/)?", "pytest-0/", text)
    text = re.sub(r"=+( [^=\n]* )in \d+\.\d+s( \(.*?\))? =+", r"=\1=", text)
    return STATISTICS.sub("0s", text)


def read_latest(project: Path, name: str) -> str:
    runs = project / ".handrail" / "runs"
    try:
        latest = (runs / "latest").read_text("utf-8").strip()
        return (runs / latest / name).read_text("utf-8", "replace")
    except OSError:
        return ""


def last_failed_of(project: Path) -> list[str]:
    path = project / ".pytest_cache" / "v" / "cache" / "lastfailed"
    return sorted(json.loads(path.read_text("utf-8"))) if path.exists() else []


def junit_of(text: str) -> dict[str, Any]:
    suite = ET.fromstring(text)[0]
    counts = {key: suite.get(key) for key in ("name", "errors", "failures", "skipped", "tests")}
    properties = sorted(
        (
            str(each.get("name")),
            "" if "statistics" in str(each.get("name")) else str(each.get("value")),
        )
        for each in suite.iterfind("properties/property")
    )
    cases = sorted((_case(each) for each in suite.iterfind("testcase")), key=repr)
    return {"counts": counts, "properties": properties, "cases": cases}


def _case(case: ET.Element) -> dict[str, Any]:
    return {
        "attributes": {key: value for key, value in sorted(case.attrib.items()) if key != "time"},
        "inside": [
            (each.tag, sorted(each.attrib.items()), each.text or "")
            for each in case.iter()
            if each is not case
        ],
    }
