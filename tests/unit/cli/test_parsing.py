"""What words on the command line mean."""

import subprocess
import sys

import pytest

from handrail import __version__
from handrail.cli.parser import parse


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (["--changed", "tests"], "changed", ""),
        (["--changed=main", "tests"], "changed", "main"),
        (["--guard", "tests"], "guard", "note"),
        (["--guard=fail", "tests"], "guard", "fail"),
    ],
)
def test_what_follows_an_option_without_a_value_is_a_path(
    given: list[str], name: str, value: str
) -> None:
    parsed = parse(["run", *given])

    assert getattr(parsed, name) == value
    assert parsed.targets == ["tests"]


ASK_VERSION = """
import sys
from handrail.cli.parser import parse
try:
    parse(["--version"])
finally:
    print(*sys.modules)
"""


def test_the_version_is_told_without_the_options_of_any_command() -> None:
    """Making them all takes several times as long as Python itself needs."""
    done = subprocess.run(
        [sys.executable, "-c", ASK_VERSION], capture_output=True, text=True, check=True
    )

    version, modules = done.stdout.splitlines()
    assert version == f"handrail {__version__}"
    ours = {name for name in modules.split() if name.startswith("handrail.")}
    assert ours == {
        "handrail.cli",
        "handrail.cli.arguments",
        "handrail.cli.parser",
        "handrail.errors",
        "handrail.model",
        "handrail.model.units",
    }
