"""Run a ``handrail run`` command, then print pytest's kind of closing line: ``N passed, N failed``.

The counts come from the ``report.json`` that the run left; the exit code is that of the run.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALWAYS = ("passed", "failed", "skipped")
SELDOM = ("error", "xfailed", "xpassed", "flaky", "not_run")


def main() -> int:
    """Run, count, print."""
    known = _reports()
    code = subprocess.run(sys.argv[1:], check=False, cwd=ROOT).returncode
    reports = sorted(_reports() - known, key=lambda path: path.stat().st_mtime_ns)
    if not reports:
        print(f"the run ended with exit code {code} and left no report", file=sys.stderr)
        return code or 1
    print(closing_line(json.loads(reports[-1].read_text("utf-8"))["summary"]), flush=True)
    return code


def closing_line(summary: dict[str, int]) -> str:
    """``12 passed, 0 failed, 1 skipped``, then whatever else there was."""
    words = [f"{summary[word]} {word}" for word in ALWAYS]
    words += [f"{summary[word]} {_plural(word, summary[word])}" for word in SELDOM if summary[word]]
    return ", ".join(words)


def _plural(word: str, count: int) -> str:
    return "errors" if word == "error" and count > 1 else word.replace("_", " ")


def _reports() -> set[Path]:
    return set(ROOT.glob(".handrail/runs/*/report.json"))


if __name__ == "__main__":
    sys.exit(main())
