"""Every command with its options: one table, from which help and the reference are made."""

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn

from handrail import __version__
from handrail.errors import ExitCode, UsageError
from handrail.model.units import parse_duration

Command = Callable[[argparse.Namespace], ExitCode]
PYTEST_FLAGS = ("-x", "--lf", "--ff", "-s", "--pdb", "-l", "--co", "--no-header", "--no-summary")
PYTEST_VALUES = (
    "--maxfail", "-k", "-m", "--durations", "--junitxml", "--tb", "-r", "-W", "-o", "-p", "-c", "--rootdir",
    "--confcutdir", "--ignore", "--ignore-glob", "--deselect", "--cov-report", "--cov-config", "--basetemp",
    "--log-level", "--import-mode", "--capture",
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: exit 3, with a hint."""

    def error(self, message: str) -> NoReturn:
        """Raises: UsageError."""
        command = self.prog.partition(" ")[2]
        if message.startswith("unrecognized arguments: ") and command == "run":
            hint = "options of pytest that handrail does not know go behind `--`"
        else:
            hint = f"{self.prog} --help"
        raise UsageError(message, hint=hint)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line. Raises: UsageError, or SystemExit for ``--help`` and ``--version``."""
    given, behind = list(arguments), []
    if "--" in given:
        place = given.index("--")
        given, behind = given[:place], given[place + 1 :]
    parser = build()
    parsed = parser.parse_args(given)
    if getattr(parsed, "command", None) is None:
        parser.print_help()
        raise SystemExit(int(ExitCode.CONFIG_ERROR))
    if behind and not hasattr(parsed, "targets"):
        raise UsageError("only `handrail run` passes arguments behind `--` on to pytest")
    parsed.behind = behind
    return parsed


def build() -> Parser:
    """The whole parser."""
    parser = Parser(
        prog="handrail",
        description="Tests in parallel, each bounded in time and memory, behind safe tiers.",
        epilog="Exit codes: 0 passed, 1 failed, 2 infrastructure, 3 configuration or usage, "
        "4 nothing ran, 5 refused, 130 and 143 stopped.",
    )
    parser.add_argument("--version", action="version", version=f"handrail {__version__}")
    parser.add_argument("-C", dest="folder", metavar="DIR", help="as if started in DIR")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    _add_report(commands)
    _add_tiers(commands)
    _add_allow(commands)
    _add_config(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[Parser]") -> None:
    run = commands.add_parser(
        "run",
        help="run tests and follow them to the verdict",
        description="Run the tests of a tier (without a name: those that run here by default).",
    )
    run.set_defaults(command=_run)
    run.add_argument("targets", nargs="*", metavar="TIER|PATH|NODEID", help="what to run")
    run.add_argument(
        "--tier", action="append", default=[], metavar="NAME", help="run this tier (repeatable)"
    )
    run.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="GATE",
        help="open a gate that a flag may open (repeatable)",
    )
    run.add_argument(
        "-n",
        dest="workers",
        type=_workers,
        default=None,
        metavar="N|auto",
        help="worker processes; 0: everything in one process (default: auto)",
    )
    run.add_argument("--budget", type=_duration, metavar="60s", help="wall time of the whole run")
    run.add_argument("--timeout", type=_duration, metavar="10s", help="wall time of each test")
    run.add_argument(
        "--memory", type=_size, metavar="512MiB", help="resident memory of each worker"
    )
    run.add_argument(
        "--isolate",
        choices=("worker", "module", "test"),
        help="a fresh process for each module, or each test",
    )
    run.add_argument(
        "--strategy",
        choices=("auto", "collect-in-workers", "collect-then-fork", "spawn"),
        default="auto",
        help="how workers start and who collects (default: auto)",
    )
    run.add_argument("--allow-empty", action="store_true", help="nothing to run is a pass")
    run.add_argument("--dry-run", action="store_true", help="show what would run here, run nothing")
    _add_output(run)
    pytest = run.add_argument_group("options of pytest, passed on")
    pytest.add_argument(
        "-v", dest="verbose", action="count", default=0, help="more of everything in pytest.log"
    )
    for flag in PYTEST_FLAGS:
        pytest.add_argument(flag, dest=f"pytest{flag}", action="store_true", help=argparse.SUPPRESS)
    pytest.add_argument(
        "--cov",
        dest="cov",
        nargs="?",
        const="",
        action="append",
        default=[],
        metavar="SOURCE",
        help="measure coverage (pytest-cov); data of all workers combined",
    )
    for name in PYTEST_VALUES:
        pytest.add_argument(
            name, dest=f"pytest{name}", action="append", default=[], help=argparse.SUPPRESS
        )


def _add_output(command: Parser) -> None:
    command.add_argument(
        "--format",
        choices=("auto", "human", "agent", "json", "ndjson", "github"),
        default="auto",
        help="of the answer on stdout (default: auto)",
    )
    command.add_argument(
        "--json", dest="format", action="store_const", const="json", help="same as --format json"
    )
    command.add_argument("--tests", action="store_true", help="list every test in the JSON")
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in the answer"
    )
    command.add_argument("-q", dest="is_quiet", action="store_true", help="no progress on stderr")


def _add_report(commands: "argparse._SubParsersAction[Parser]") -> None:
    report = commands.add_parser(
        "report",
        help="an earlier run, in any format",
        description="Make a report from what a run left behind. Also of a run that was cut off.",
    )
    report.set_defaults(command=_lazily("handrail.cli.report", "report"))
    report.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN",
        help="its id, the beginning of one, or latest",
    )
    report.add_argument(
        "--format",
        choices=("human", "digest", "json", "ndjson", "junit", "ctrf", "github", "markdown"),
        default="human",
        help="(default: human)",
    )
    report.add_argument("--tests", action="store_true", help="list every test in the JSON")
    report.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    report.add_argument(
        "-o", dest="output", metavar="FILE", help="write there instead of to stdout"
    )


def _add_tiers(commands: "argparse._SubParsersAction[Parser]") -> None:
    tiers = commands.add_parser("tiers", help="tiers, gates, and what would run here")
    tiers.set_defaults(command=_lazily("handrail.cli.policy", "tiers"))
    tiers.add_argument("--json", dest="is_json", action="store_true", help="as JSON")


def _add_allow(commands: "argparse._SubParsersAction[Parser]") -> None:
    allow = commands.add_parser(
        "allow", help="open a gate for a while; only a person at a terminal can"
    )
    allow.set_defaults(command=_lazily("handrail.cli.policy", "allow"))
    allow.add_argument("gate", metavar="GATE")
    allow.add_argument("--revoke", action="store_true", help="close it again")


def _add_config(commands: "argparse._SubParsersAction[Parser]") -> None:
    config = commands.add_parser("config", help="effective settings and where each came from")
    config.set_defaults(command=_lazily("handrail.cli.policy", "config"))
    config.add_argument(
        "what",
        choices=("show", "schema", "check"),
        help="settings with their origins, the JSON Schema of [tool.handrail], or a check alone",
    )


def _run(parsed: argparse.Namespace) -> ExitCode:
    """Start the session's Python before anything else is imported."""
    from handrail.execution.prestart import Prestarted, launch_script

    parsed.prestarted = Prestarted(launch_script())
    return _lazily("handrail.cli.run", "run")(parsed)


def _lazily(module: str, name: str) -> Command:
    """The command of that name, imported when it is called."""

    def command(parsed: argparse.Namespace) -> ExitCode:
        import importlib

        found: Command = getattr(importlib.import_module(module), name)
        return found(parsed)

    return command


def _workers(text: str) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor auto")


def _duration(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 5m or 2h")
    return seconds


def _size(text: str) -> int:
    from handrail.model.units import parse_size

    try:
        return parse_size(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512MiB") from None
