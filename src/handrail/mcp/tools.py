"""The tools: one table. Each is a command of Handrail with typed arguments; its answer is that command's JSON.

There is no argument that opens a gate, and no way to pass on an option.
"""

from collections.abc import Mapping
from typing import Any

from handrail.errors import UserError
from handrail.frozen import dataclass
from handrail.mcp.arguments import (
    ANYTHING,
    CURSOR,
    PROGRESS,
    RUN,
    WORD,
    WORDS,
    Argument,
    Flag,
    Number,
)

MOST_WAIT_S = 100.0
"""Nothing waits longer in one call."""
_WAIT_S = 50.0
"""Many clients give up on a call after a minute."""
_DAY_S = 86400.0


class ToolArgumentsError(UserError):
    """A tool was called with arguments that it does not take. Nothing was done."""

    reference = "tool-arguments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool, and the command line that it stands for."""

    name: str
    about: str
    command: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()
    is_reading: bool = False
    """Whether it changes nothing."""

    def schema(self) -> dict[str, Any]:
        """Its arguments, as JSON Schema."""
        return {
            "type": "object",
            "properties": {each.name: each.schema() for each in self.arguments},
            "required": [each.name for each in self.arguments if each.is_required],
            "additionalProperties": False,
        }

    def command_line(self, given: Mapping[str, object]) -> list[str]:
        """What to type behind ``handrail``. Raises: ToolArgumentsError with all that is wrong."""
        known = {each.name for each in self.arguments}
        problems = [f"{name!a}: no such argument" for name in given if name not in known]
        options: list[str] = []
        others: list[str] = []
        for each in self.arguments:
            value = given.get(each.name)
            value = each.default if value is None else value
            if value is None:
                problems += [f"{each.name}: it is missing"] if each.is_required else []
                continue
            try:
                (options if each.option else others).extend(each.words(value))
            except ValueError as error:
                problems.append(f"{each.name}: {error}")
        if problems:
            names = ", ".join(each.name for each in self.arguments)
            raise ToolArgumentsError(
                f"{self.name} cannot be called with these arguments; nothing was done",
                where="\n".join(problems),
                hint=f"arguments of {self.name}: {names or 'none'}; options are not passed on",
            )
        return [*self.command, "--json", *options, *others]


_RUN = Argument(
    name="run",
    about="id of a run, the beginning of one, or latest",
    kind=RUN,
    default="latest",
)


def _timeout(option: str, about: str) -> Argument:
    kind = Number(least=0.1, most=MOST_WAIT_S, unit="s")
    return Argument(name="timeout_s", about=about, kind=kind, option=option, default=_WAIT_S)


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="tests_plan",
            about="Which tiers of tests there are, which run here, and which gates are closed and why.",
            command=("tiers",),
            is_reading=True,
        ),
        Tool(
            name="run_start",
            about="Start tests in the background; the answer is the id of the run. Without arguments: "
            "all tests that are safe here. If the same run goes on already, its id is the answer.",
            command=("start",),
            arguments=(
                Argument(name="targets", about="paths, node ids or tiers", kind=WORDS),
                Argument(name="tiers", about="names of tiers", kind=WORDS, option="--tier"),
                Argument(
                    name="keyword",
                    about="only tests whose name matches, such as: order and not slow (pytest -k)",
                    kind=WORD,
                    option="-k",
                ),
                Argument(
                    name="last_failed",
                    about="only tests that failed when they ran last",
                    kind=Flag(),
                    option="--lf",
                ),
                Argument(
                    name="stop_at_first_failure",
                    about="end the run with its first failure",
                    kind=Flag(),
                    option="-x",
                ),
                Argument(
                    name="workers",
                    about="worker processes; 0: everything in one process",
                    kind=Number(least=0, most=1024),
                    option="-n",
                ),
                Argument(
                    name="budget_s",
                    about="seconds that the whole run may take",
                    kind=Number(least=0.1, most=_DAY_S, unit="s"),
                    option="--budget",
                ),
                Argument(
                    name="log_tests",
                    about="keep what each test logs; run_logs with the test's name gives it",
                    kind=Flag(),
                    option="--log-tests",
                ),
                Argument(
                    name="new",
                    about="another run, even if the same one goes on already",
                    kind=Flag(),
                    option="--new",
                ),
            ),
        ),
        Tool(
            name="run_status",
            about="Where a run is: counts, failures so far. Returns at once.",
            command=("status",),
            arguments=(_RUN,),
            is_reading=True,
        ),
        Tool(
            name="run_wait",
            about="Wait until a run ends, or has come so far; then where it is. While it goes on, "
            "its verdict is null: call again.",
            command=("wait",),
            arguments=(
                _RUN,
                _timeout("--timeout", "seconds to wait at most"),
                Argument(
                    name="until",
                    about="how far the run must have come: end, first-failure, or a share: 50%",
                    kind=PROGRESS,
                    option="--until",
                ),
            ),
            is_reading=True,
        ),
        Tool(
            name="run_stop",
            about="Stop a run and every process that it started; what it had found out is the answer.",
            command=("stop",),
            arguments=(_RUN,),
        ),
        Tool(
            name="run_rerun",
            about="Run what is left of a run (what failed, did not run, or is new since) as a new run, "
            "and wait for it for a while.",
            command=("rerun",),
            arguments=(
                _RUN,
                Argument(
                    name="failures",
                    about="only the tests of these failures (F1), or these tests (node ids)",
                    kind=WORDS,
                ),
                _timeout("--wait", "seconds to wait at most; the run goes on"),
            ),
        ),
        Tool(
            name="failure_get",
            about="One failure in full: frames, values, output, history, commits since it passed.",
            command=("explain",),
            arguments=(
                _RUN,
                Argument(
                    name="failure",
                    about="its id (F1), or a test that failed (node id)",
                    kind=WORD,
                    is_required=True,
                ),
            ),
            is_reading=True,
        ),
        Tool(
            name="run_logs",
            about="What pytest printed: the end of it, or what is new since a cursor. Go on with the "
            "cursor of the answer.",
            command=("logs",),
            arguments=(
                _RUN,
                Argument(
                    name="since",
                    about="cursor of an earlier answer; it names the run, too",
                    kind=CURSOR,
                    option="--since",
                ),
                Argument(
                    name="test",
                    about="instead, what this test (node id) logged in a run with log_tests",
                    kind=WORD,
                    option="--test",
                ),
                Argument(
                    name="tail",
                    about="only so many last lines",
                    kind=Number(least=0, most=100_000),
                    option="--tail",
                ),
                Argument(
                    name="grep",
                    about="only lines that match this regular expression",
                    kind=ANYTHING,
                    option="--grep",
                ),
                Argument(
                    name="max_bytes",
                    about="so many bytes of the log at most",
                    kind=Number(least=1, most=32768, unit="B"),
                    option="--max-bytes",
                ),
            ),
            is_reading=True,
        ),
        Tool(
            name="flaky_check",
            about="Tests that pass and fail at the same code, the worst first, with their failure rate "
            "and the evidence.",
            command=("flaky", "list"),
            arguments=(
                Argument(name="test", about="only this test (node id), in full", kind=WORD),
            ),
            is_reading=True,
        ),
        Tool(
            name="doctor",
            about="What is wrong with this machine and this project, and the command that mends it. "
            "Nothing is changed.",
            command=("doctor",),
            is_reading=True,
        ),
        Tool(
            name="runs_list",
            about="The runs that are kept here, the newest first.",
            command=("runs",),
            is_reading=True,
        ),
    )
}
"""Every tool by its name, in the order in which they are listed."""

INSTRUCTIONS = """\
Runs this project's tests, in parallel, each bounded in time and memory, to one verdict.
run_start, then run_wait until the verdict is not null. Failed: failure_get shows a failure (F1) in full;
mend it, then run_rerun. A run goes on if a call is given up: run_wait again.
Tests that may do harm are behind gates. No tool opens one: a person types handrail allow GATE, as
the error says. Do not look for a way around; what was withheld is counted in every answer."""
"""For the agent, when it connects."""
