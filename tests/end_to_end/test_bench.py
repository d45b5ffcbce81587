"""What measures runs that outlive their caller can itself be run; what it finds is nobody's test."""

import json
import subprocess
import sys
from pathlib import Path

from page import ROOT
from real_runs import Project


def test_every_answer_is_measured_against_python_itself(project: Project, tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    done = subprocess.run(
        [sys.executable, ROOT / "bench" / "measure.py", "answers", "--rounds", "1", "--json", found],
        cwd=tmp_path, env=project.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode in {0, 1}, done.stderr
    (answers,) = json.loads(found.read_text())
    assert {each["label"]: len(each["walls_s"]) for each in answers["measured"]} == dict.fromkeys(
        ("python -c pass", "handrail status", "handrail wait", "handrail logs --tail 20",
         "handrail start"), 4,
    )  # fmt: skip
    assert [each["name"].partition(" :")[0] for each in answers["figures"]] == [
        "handrail status",
        "handrail wait, finished",
        "handrail logs --tail 20",
        "(handrail start - 50 ms)",
    ]
    assert project.left() == []
