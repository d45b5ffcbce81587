"""One call of a tool: its command line is started as a process, and what that says is the answer."""

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import anyio

from handrail.errors import ExitCode, UserError
from handrail.frozen import dataclass
from handrail.mcp.bounding import bounded
from handrail.mcp.tools import TOOLS, ToolArgumentsError

LIMIT_BYTES = 64_000
"""An answer is not longer: agents pay for what they read."""
_HANDRAIL = (sys.executable, "-P", "-m", "handrail")
"""With -P, as a project may have a ``json.py``."""
_REFUSALS = frozenset({ExitCode.CONFIG_ERROR, ExitCode.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool answers."""

    text: str
    note: str = ""
    """What was left out of the text; empty if nothing was."""
    is_error: bool = False


class CannotStartError(UserError):
    """The command line of Handrail cannot be started."""

    reference = "cannot-start"
    exit_code = ExitCode.INFRA_ERROR


async def call(folder: Path, name: str, given: Mapping[str, object]) -> Answer:
    """Call a tool for the project around ``folder``. If cancelled, the command is killed; a run goes on."""
    try:
        words = command_line(name, given)
        try:
            done = await anyio.run_process(
                [*_HANDRAIL, *words], cwd=folder, stdin=subprocess.DEVNULL, check=False
            )
        except OSError as error:
            raise CannotStartError(
                f"handrail {words[0]} cannot be started", where=error.strerror or str(error)
            ) from error
    except UserError as error:
        return Answer(text=error.text(), is_error=True)
    return answer(words, done.returncode, _decoded(done.stdout), _decoded(done.stderr))


def command_line(name: str, given: Mapping[str, object]) -> list[str]:
    """What to type behind ``handrail``. Raises: ToolArgumentsError."""
    tool = TOOLS.get(name)
    if tool is None:
        raise ToolArgumentsError(f"there is no tool {name!a}", hint=f"tools: {', '.join(TOOLS)}")
    return tool.command_line(given)


def _decoded(output: bytes) -> str:
    return output.decode("utf-8", "replace").strip()


def answer(words: list[str], code: int, stdout: str, stderr: str) -> Answer:
    """What the command said: the JSON, or the error if there is none, or the run was refused."""
    if code in _REFUSALS or not stdout:
        said = "\n\n".join(filter(None, (stderr, stdout))) or f"exit code {code}"
        return Answer(text=_end(said), is_error=True)
    text, omitted = bounded(stdout, LIMIT_BYTES)
    note = f"left out, as it is too long: {omitted}; all of it: {shlex.join(['handrail', *words])}"
    return Answer(text=text, note=note if omitted else "")


def _end(text: str) -> str:
    """The end of a text that is too long: that is where a traceback says what is wrong."""
    left_out = len(text) - LIMIT_BYTES
    return text if left_out <= 0 else f"({left_out} characters left out)\n{text[left_out:]}"
