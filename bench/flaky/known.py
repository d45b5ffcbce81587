"""Find what known order-dependent tests of public projects depend on: ``handrail flaky bisect``.

    python bench/flaky/known.py

The tests are named by the International Dataset of Flaky Tests (IDoFT, py-data.csv). The projects come
as source distributions, which are kept under ``.tools/``. What is found must be what README.md says.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test of the data set, and what it depends on."""

    project: str
    version: str
    test: str
    collected: str
    kind: str
    needed: tuple[str, ...]


_SETS_UP = ("supertunnel/command_test.py::test_base_group",)
CASES = (
    Case(
        project="six", version="1.16.0", test="test_six.py::test_lazy", collected="test_six.py",
        kind="victim", needed=("test_six.py::test_move_items[html_parser]",),
    ),
    *(
        Case(
            project="supertunnel", version="0.1", collected="supertunnel", kind="brittle",
            test=f"supertunnel/ssh/continuous_test.py::{name}", needed=_SETS_UP,
        )
        for name in (
            "test_continuous_repr", "test_run", "test_backoff", "test_run_continuous_raise",
        )
    ),
)  # fmt: skip


def main() -> int:
    """Bisect each; return 1 if anything else is found than expected."""
    found = environment.create(
        environment.TOOLS / "flaky-known", ("pytest", "click"), editable=(environment.ROOT,)
    )
    is_wrong = False
    with tempfile.TemporaryDirectory(prefix="handrail-known-") as home:
        for case in CASES:
            document = bisected(case, found, home)
            is_same = (document["kind"], tuple(document["needed"])) == (case.kind, case.needed)
            is_wrong |= not is_same
            print(
                f"{'as expected' if is_same else 'NOT AS EXPECTED'}: {case.project} {case.test}: "
                f"{document['kind']}, {', '.join(document['needed']) or 'nothing'}; "
                f"{document['trials']} runs, {document['tests_run']} tests, {document['seconds']:.1f}s"
            )
    return int(is_wrong)


def bisected(case: Case, found: environment.Environment, home: str) -> dict:
    """The answer as JSON. These tests write into the home folder: it is not the person's."""
    folder = environment.TOOLS / "suites" / f"{case.project}-{case.version}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        environment.unpack(environment.fetch(case.project, case.version), folder)
    configuration = folder / "pytest.ini"
    if not configuration.exists():
        configuration.write_text("[pytest]\npythonpath = .\n")
    variables = {**found.variables(), "HANDRAIL_AGENT": "0", "HOME": home}
    done = subprocess.run(
        [found.script("handrail"), "flaky", "bisect", case.test, case.collected, "--json"],
        cwd=folder, env=variables, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if not done.stdout:
        sys.exit(f"{os.path.basename(folder)}: {done.stderr}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
