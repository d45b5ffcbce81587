"""Find one polluter among 1,000 tests: ``handrail flaky bisect`` next to detect-test-pollution.

    python bench/flaky/one_polluter.py [--rounds 3]

Both run in one environment on the same generated suite, by turns. The verdict compares medians.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import environment

MODULES, TESTS = 50, 20
POLLUTER, VICTIM = "test_m31.py::test_07", "test_m49.py::test_19"
MOST_RUNS = 15
TIMES_FASTER = 5.0


def main() -> int:
    """Measure, print a table, return 1 if a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    found = environment.create(
        environment.TOOLS / "flaky",
        ("pytest", "detect-test-pollution"),
        editable=(environment.ROOT,),
    )
    folder = environment.TOOLS / "suites" / "one-polluter"
    write_suite(folder)
    ours: list[float] = []
    theirs: list[float] = []
    runs = 0
    for _ in range(rounds):
        shutil.rmtree(folder / ".handrail", ignore_errors=True)
        seconds, answer = timed(
            [found.script("handrail"), "flaky", "bisect", VICTIM, "--json"], folder, found
        )
        document = json.loads(answer)
        assert document["needed"] == [POLLUTER], document
        runs = document["trials"]
        ours.append(seconds)
        seconds, answer = timed(
            [found.script("detect-test-pollution"), "--failing-test", VICTIM, "--tests", "."],
            folder,
            found,
        )
        assert f"the polluting test is: {POLLUTER}" in answer, answer
        theirs.append(seconds)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"{'':<24}{'median':>9}{'best':>9}")
    for name, each in (("handrail flaky bisect", ours), ("detect-test-pollution", theirs)):
        print(f"{name:<24}{statistics.median(each):>8.2f}s{min(each):>8.2f}s")
    print(
        f"runs: {runs} (at most {MOST_RUNS}); faster: {ratio:.1f}x (at least {TIMES_FASTER:.0f}x)"
    )
    return int(runs > MOST_RUNS or ratio < TIMES_FASTER)


def write_suite(folder: Path) -> None:
    """1,000 tests in 50 modules; one of them pollutes, the last one minds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = '.'\n")
    (folder / "state.py").write_text("VALUE = 0\n")
    for module in range(MODULES):
        name = f"test_m{module:02}.py"
        tests = [
            f"def test_{number:02}():\n    {_body(f'{name}::test_{number:02}')}\n"
            for number in range(TESTS)
        ]
        (folder / name).write_text("\n".join(["import state\n", *tests]))


def _body(test: str) -> str:
    bodies = {POLLUTER: "state.VALUE = 1", VICTIM: "assert state.VALUE == 0"}
    return bodies.get(test, "assert True")


def timed(command: list[str], folder: Path, found: environment.Environment) -> tuple[float, str]:
    """Seconds, and what it printed on stdout."""
    began = time.monotonic()
    variables = {**found.variables(), "HANDRAIL_AGENT": "0"}
    variables.pop("CI", None)
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if not done.stdout:
        sys.exit(f"{os.path.basename(command[0])} said nothing: {done.stderr}")
    return time.monotonic() - began, done.stdout


if __name__ == "__main__":
    sys.exit(main())
