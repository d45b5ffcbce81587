"""Executes the workflows that are generated for the examples, every stage, here.

``python bench/stages.py [EXAMPLE...]``: a copy of each example in a repository of its own, `handrail ci generate`, then each
job of each workflow in a fresh clone, each cell of its matrix (on this Python, whatever the cell says). ``make setup``
in the example makes the environment that stands for what a job would install.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "end_to_end"))

from workflows import Machine  # noqa: E402 - it is beside the tests that use it

EXAMPLES = ("home-security", "chat-platform", "voice-agent")
EVENTS = {"nightly": "schedule", "post-merge": "push"}


def executed(example: str, folder: Path, only: str) -> bool:
    """Whether every stage of the example ends green."""
    source = ROOT / "examples" / example
    subprocess.run(["make", "setup"], cwd=source, check=True)
    scripts = source / ".venv" / "bin"
    origin = folder / "origin" / example
    ignored = shutil.ignore_patterns(".venv", ".handrail", "__pycache__", ".hypothesis", ".*_cache")
    shutil.copytree(source, origin, ignore=ignored)
    subprocess.run([scripts / "handrail", "ci", "generate", "--no-collect"], cwd=origin, check=True)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=origin, check=True)
    is_good = True
    for workflow in sorted((origin / ".github" / "workflows").glob(f"handrail-{only}.yml")):
        stage = workflow.stem.removeprefix("handrail-")
        place = folder / stage
        (place / "artifacts").mkdir(parents=True)
        event = EVENTS.get(stage, "pull_request")
        machine = Machine(origin, place, event, scripts=scripts, environ={})
        began = time.monotonic()
        found = machine.run(workflow)
        print(f"{example} {stage}: {found}, {time.monotonic() - began:.0f} s", flush=True)
        if set(found.values()) != {"success"}:
            print(machine.printed)
            is_good = False
    return is_good


def main() -> int:
    """All of them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", nargs="*", default=EXAMPLES)
    parser.add_argument("--stage", default="*", help="only this one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = [executed(each, Path(folder) / each, given.stage) for each in given.examples]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
