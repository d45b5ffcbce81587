"""``make strategies``: the same tests at each level of isolation, and what each level costs."""

import json
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

LEVELS = ("savepoint", "clone", "truncate", "server")
FILES = {
    "tests/integration/test_auth.py": "Postgres",
    "tests/integration/test_chat.py": "Postgres and Redis",
}
_NAME = re.compile(rf"(?P<file>[^:]+)::\w+\[(?P<level>{'|'.join(LEVELS)})(-.*)?\]")


def main() -> int:
    """Run them with one worker, so that nothing competes; the exit code is the run's."""
    handrail = str(Path(sys.executable).with_name("handrail"))
    run = [handrail, "run", "--tier", "integration", "-n", "1", "--new", "--format", "json", *FILES]
    ended = subprocess.run(run, check=False, stdout=subprocess.PIPE)
    told = [handrail, "report", "latest", "--format", "json", "--tests"]
    report = json.loads(subprocess.run(told, check=False, stdout=subprocess.PIPE).stdout)
    print(table(report["tests"]))
    print(f"{report['verdict']} exit={ended.returncode} run={report['run_id']}")
    return ended.returncode


def table(tests: Iterable[dict]) -> str:
    """A row for each level: how many tests, and how long one took, setting up and tidying up too."""
    took = defaultdict(list)
    for each in tests:
        if found := re.fullmatch(_NAME, each["name"]):
            took[found["file"], found["level"]].append(each["duration"] * 1000)
    lines = [f"{'median of a test':<17}" + "".join(f"{what:>22}" for what in FILES.values())]
    for level in LEVELS:
        cells = [took[file, level] for file in FILES]
        texts = [f"{statistics.median(c):.0f} ms of {len(c)}" if c else "-" for c in cells]
        lines.append(f"{level:<17}" + "".join(f"{text:>22}" for text in texts))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
