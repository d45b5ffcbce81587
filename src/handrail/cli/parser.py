"""Every command with its options: one table, from which help and the reference are made."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence

from handrail import __version__
from handrail.errors import ExitCode, UsageError
from handrail.model.units import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing it takes a tenth of the time of `handrail status`
    from typing import NoReturn

Command = Callable[[argparse.Namespace], ExitCode]
PYTEST_FLAGS = ("-x", "--lf", "--ff", "-s", "--pdb", "-l", "--co", "--no-header", "--no-summary")
PYTEST_VALUES = (
    "--maxfail", "-k", "-m", "--durations", "--junitxml", "--tb", "-r", "-W", "-o", "-p", "-c", "--rootdir",
    "--confcutdir", "--ignore", "--ignore-glob", "--deselect", "--cov-report", "--cov-config", "--basetemp",
    "--log-level", "--import-mode", "--capture",
)  # fmt: skip


LISTING = frozenset(
    {"--collect-only", "--co", "--fixtures", "--markers", "--setup-plan", "--help", "-h"}
)
"""Options of pytest with which it only prints something."""
_TALKING = LISTING | {"-s", "--pdb", "--trace", "--capture=no"}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: exit 3, with a hint."""

    only = ""
    """The command that it was made for, if for one."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        # Asked for with every argument that is added; on its own it would import shutil each time.
        return argparse.HelpFormatter(prog=self.prog, width=_columns() - 2)

    def error(self, message: str) -> "NoReturn":
        """Raises: UsageError."""
        is_unknown = message.startswith("unrecognized arguments: ")
        if is_unknown and self.only in {"run", "start"}:
            hint = "options of pytest that handrail does not know go behind `--`"
        else:
            hint = f"{self.prog} {self.only} --help" if self.only else f"{self.prog} --help"
        raise UsageError(message, hint=hint)


def _columns() -> int:
    """Width of the terminal, as ``shutil.get_terminal_size`` finds it."""
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named):
        return int(named)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line. Raises: UsageError, or SystemExit for ``--help`` and ``--version``."""
    given, behind = list(arguments), []
    if "--" in given:
        place = given.index("--")
        given, behind = given[:place], given[place + 1 :]
    parser = build(_named(given))
    parsed = parser.parse_args(given)
    if getattr(parsed, "command", None) is None:
        parser.print_help()
        raise SystemExit(int(ExitCode.CONFIG_ERROR))
    if behind and not hasattr(parsed, "targets"):
        raise UsageError(
            "only `handrail run` and `handrail start` pass arguments behind `--` on to pytest"
        )
    parsed.behind = behind
    parsed.given = tuple(arguments)
    return parsed


def wants_terminal(parsed: argparse.Namespace) -> bool:
    """Whether what pytest itself prints, or asks, is what the caller wants."""
    flags = {flag for flag in PYTEST_FLAGS if getattr(parsed, f"pytest{flag}")}
    return bool(_TALKING & (flags | set(parsed.behind)))


def _named(given: Sequence[str]) -> str:
    """The command that is given, if it is a known one and nothing but ``-C`` comes before it."""
    rest = given[2:] if given[:1] == ["-C"] else given
    return rest[0] if rest and rest[0] in COMMANDS else ""


def build(only: str = "") -> Parser:
    """The whole parser, or, as that takes a while, the part for one command."""
    parser = Parser(
        prog="handrail",
        description="Tests in parallel, each bounded in time and memory, behind safe tiers.",
        epilog="Exit codes: 0 passed, 1 failed, 2 infrastructure, 3 configuration or usage, "
        "4 nothing ran, 5 refused, 8 still running, 130 and 143 stopped.",
    )
    parser.only = only
    parser.add_argument("--version", action="version", version=f"handrail {__version__}")
    parser.add_argument("-C", dest="folder", metavar="DIR", help="as if started in DIR")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="handrail")
    for name, (about, fill) in COMMANDS.items():
        if only in {"", name}:
            fill(commands.add_parser(name, help=about))
    return parser


def _fill_run(run: Parser) -> None:
    run.description = (
        "Run the tests of a tier (without a name: those that run here by default) and follow them to "
        "the verdict. The run goes on if this command is ended; Ctrl-C stops it."
    )
    run.set_defaults(command=_lazily("handrail.cli.attending", "run"))
    _add_watching(run)
    _fill_selection(run)
    run.add_argument(
        "--watch",
        dest="is_watch",
        action="store_true",
        help="run again what a saved file affects, until somebody quits",
    )


def _add_watching(run: Parser) -> None:
    run.add_argument(
        "--ci",
        dest="is_ci",
        action="store_true",
        help="stay in the foreground (default if CI=true)",
    )
    run.add_argument(
        "--wait",
        dest="wait_s",
        type=_duration,
        metavar="100s",
        help="follow for so long, then exit 8 (default: to the end; for an agent 100s)",
    )


def _fill_start(start: Parser) -> None:
    start.description = "Start a run in the background, print its id, and return at once."
    start.set_defaults(command=_lazily("handrail.cli.attending", "start"), is_ci=False, wait_s=None)
    _fill_selection(start)


def _fill_selection(run: Parser) -> None:
    """What ``run`` and ``start`` share."""
    run.set_defaults(remaining=None, rerun_of="", is_watch=False, is_forked=False)
    run.add_argument(
        "--new", dest="is_new", action="store_true", help="also if the same run goes on already"
    )
    run.add_argument(
        "--warm",
        dest="is_warm",
        action="store_true",
        help="fork from a process with imports done, that the last such run left; leave one",
    )
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
    run.add_argument(
        "--log-tests",
        action="store_true",
        help="keep what each test logs, for `handrail logs --test` and `handrail explain`",
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


def _fill_status(status: Parser) -> None:
    status.description = "Where a run is: counts, failures so far, time left. Exit 8 while it goes on, then its verdict's."
    status.set_defaults(command=_lazily("handrail.cli.waiting", "status"))
    _add_which(status)
    _add_json(status)


def _fill_wait(wait: Parser) -> None:
    wait.description = "Wait for a run; print where it stands then. Exit 8 if it still goes on."
    wait.set_defaults(command=_lazily("handrail.cli.waiting", "wait"))
    _add_which(wait)
    wait.add_argument(
        "--timeout", type=_duration, default=100.0, metavar="100s", help="at most (default: 100s)"
    )
    wait.add_argument(
        "--until",
        default="end",
        metavar="end|first-failure|50%",
        help="how far the run must have come (default: end)",
    )
    _add_json(wait)


def _fill_logs(logs: Parser) -> None:
    logs.description = "What pytest printed: the end of it, or what is new since a cursor. The next cursor is on stderr."
    logs.set_defaults(command=_lazily("handrail.cli.logs", "logs"))
    _add_which(logs)
    logs.add_argument(
        "--test", metavar="NODEID", help="instead, what this test logged in a run --log-tests"
    )
    logs.add_argument("--since", metavar="CURSOR", help="go on where an earlier answer ended")
    logs.add_argument("--grep", type=_pattern, metavar="REGEX", help="only lines that match")
    logs.add_argument("--tail", type=_count, metavar="N", help="only the last lines")
    logs.add_argument(
        "--max-bytes", type=_size, default=16384, metavar="16KiB", help="at most (default: 16KiB)"
    )
    logs.add_argument(
        "--follow", dest="is_following", action="store_true", help="go on until the run ends"
    )
    _add_json(logs)


def _fill_stop(stop: Parser) -> None:
    stop.description = "Stop a run and every process that it started."
    stop.set_defaults(command=_lazily("handrail.cli.waiting", "stop"))
    _add_which(stop)
    stop.add_argument("--all", dest="is_all", action="store_true", help="all that go on here")
    _add_json(stop)


def _add_which(command: Parser) -> None:
    command.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN",
        help="its id, the beginning of one, or latest",
    )


def _add_json(command: Parser) -> None:
    command.add_argument("--json", dest="is_json", action="store_true", help="as JSON")


def _fill_rerun(rerun: Parser) -> None:
    rerun.description = "Run what is left of a run: what failed, did not run, or is new since; or only some failures."
    rerun.set_defaults(command=_lazily("handrail.cli.rerunning", "rerun"))
    _add_which(rerun)
    rerun.add_argument(
        "causes", nargs="*", metavar="F1", help="only the tests of these failures, or these tests"
    )
    _add_watching(rerun)
    _add_output(rerun)


def _fill_explain(explain: Parser) -> None:
    explain.description = (
        "One failure in full: frames, values, output, history, commits since it passed."
    )
    explain.set_defaults(command=_lazily("handrail.cli.explaining", "explain"))
    explain.add_argument("run", metavar="RUN", help="its id, the beginning of one, or latest")
    explain.add_argument("cause", metavar="F1", help="the failure, or a test that failed")
    _add_json(explain)
    explain.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def _fill_runs(runs: Parser) -> None:
    runs.description = "The runs that are kept here, the newest first."
    runs.set_defaults(command=_lazily("handrail.cli.listing", "runs"))
    _add_json(runs)


def _fill_clean(clean: Parser) -> None:
    clean.description = "Remove old runs: by default those over 7 days or beyond the last 10 (failed ones: 14 and 20)."
    clean.set_defaults(command=_lazily("handrail.cli.listing", "clean"))
    clean.add_argument("--keep", type=_count, metavar="N", help="so many of each kind stay")
    clean.add_argument("--older", type=_duration, metavar="7d", help="only what is older goes")
    _add_json(clean)


def _fill_help(help_: Parser) -> None:
    help_.description = "One page for those who have to get it right the first time."
    help_.set_defaults(command=_lazily("handrail.cli.helping", "show_help"))
    help_.add_argument("topic", nargs="?", choices=("agents", "agents.md"), default="agents")


def _fill_report(report: Parser) -> None:
    report.description = (
        "Make a report from what a run left behind, also of one that was cut off. "
        "`report merge DIR...` makes one run of several, with one verdict."
    )
    report.set_defaults(command=_lazily("handrail.cli.report", "report"))
    report.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN|merge",
        help="its id, the beginning of one, latest, or its folder",
    )
    report.add_argument("folders", nargs="*", metavar="DIR", help="folders of runs to be merged")
    report.add_argument(
        "--allow-empty", action="store_true", help="nothing that ran is a pass, when merged"
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


def _fill_tiers(tiers: Parser) -> None:
    tiers.set_defaults(command=_lazily("handrail.cli.policy", "tiers"))
    _add_json(tiers)


def _fill_allow(allow: Parser) -> None:
    allow.set_defaults(command=_lazily("handrail.cli.policy", "allow"))
    allow.add_argument("gate", metavar="GATE")
    allow.add_argument("--revoke", action="store_true", help="close it again")


def _fill_config(config: Parser) -> None:
    config.set_defaults(command=_lazily("handrail.cli.policy", "config"))
    config.add_argument(
        "what",
        choices=("show", "schema", "check"),
        help="settings with their origins, the JSON Schema of [tool.handrail], or a check alone",
    )


def _fill_mcp(serving: Parser) -> None:
    serving.description = (
        "Serve this project's runs to agents by the Model Context Protocol, on stdin and stdout. "
        "Needs the extra mcp: pip install 'handrail[mcp]'."
    )
    serving.set_defaults(command=_lazily("handrail.mcp.server", "serve"))


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


def _count(text: str) -> int:
    if text.isdecimal() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number")


def _duration(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 5m or 2h")
    return seconds


def _pattern(text: str) -> str:
    import re

    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text


def _size(text: str) -> int:
    from handrail.model.units import parse_size

    try:
        return parse_size(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512MiB") from None


COMMANDS: Mapping[str, tuple[str, Callable[[Parser], None]]] = {
    "run": ("run tests and follow them to the verdict", _fill_run),
    "start": ("run tests in the background", _fill_start),
    "status": ("where a run is", _fill_status),
    "wait": ("wait for a run", _fill_wait),
    "logs": ("what a run printed since a cursor", _fill_logs),
    "stop": ("stop a run and every process it started", _fill_stop),
    "rerun": ("what failed, did not run, or is new since", _fill_rerun),
    "report": ("an earlier run, in any format", _fill_report),
    "explain": ("one failure in full", _fill_explain),
    "runs": ("recent runs", _fill_runs),
    "tiers": ("tiers, gates, and what would run here", _fill_tiers),
    "allow": ("open a gate for a while; only a person at a terminal can", _fill_allow),
    "config": ("effective settings and where each came from", _fill_config),
    "help": ("how to use this, in one page: help agents", _fill_help),
    "clean": ("remove old runs and their logs", _fill_clean),
    "mcp": ("serve agents by the Model Context Protocol", _fill_mcp),
}
"""Every command, in the order of the help: what it is for, and what fills its parser."""
