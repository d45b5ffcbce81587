"""Every command with its options: one table, from which help and the reference are made."""

import argparse
from collections.abc import Callable, Mapping, Sequence

from handrail import __version__
from handrail.cli.arguments import (
    Parser,
    add_json,
    add_which,
    count,
    duration,
    lazily,
    pattern,
    port,
    size,
)
from handrail.errors import ExitCode, UsageError

_VERSION = "--version"
_WITHOUT_VALUE = {"--changed": "--changed=", "--guard": "--guard=note"}
"""Options whose value may be left out: what follows is a path or a tier, and not taken for it."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read a command line. Raises: UsageError, or SystemExit for ``--help`` and ``--version``."""
    given, behind = list(arguments), []
    if "--" in given:
        place = given.index("--")
        given, behind = given[:place], given[place + 1 :]
    if _named(given) == "flaky":
        from handrail.cli.flaky import completed

        given = completed(given)
    given = [_WITHOUT_VALUE.get(each, each) for each in given]
    is_version = given == [_VERSION]
    parser = build(_VERSION if is_version else _named(given))
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


def _named(given: Sequence[str]) -> str:
    """The command that is given, if it is a known one and nothing but ``-C`` comes before it."""
    rest = given[2:] if given[:1] == ["-C"] else given
    return rest[0] if rest and rest[0] in COMMANDS else ""


def build(only: str = "") -> Parser:
    """The whole parser, or, as that takes a while, the part for one command or option."""
    parser = Parser(
        prog="handrail",
        description="Tests in parallel, each bounded in time and memory, behind safe tiers.",
        epilog="Exit codes: 0 passed, 1 failed, 2 infrastructure, 3 configuration or usage, "
        "4 nothing ran, 5 refused, 8 still running, 130 and 143 stopped.",
    )
    parser.only = only
    parser.add_argument(_VERSION, action="version", version=f"handrail {__version__}")
    parser.add_argument("-C", dest="folder", metavar="DIR", help="as if started in DIR")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="handrail")
    for name, (about, fill) in COMMANDS.items():
        if only in {"", name}:
            fill(commands.add_parser(name, help=about))
    return parser


def _fill_status(status: Parser) -> None:
    status.description = "Where a run is: counts, failures so far, time left. Exit 8 while it goes on, then its verdict's."
    status.set_defaults(command=lazily("handrail.cli.waiting", "status"))
    add_which(status)
    add_json(status)


def _fill_wait(wait: Parser) -> None:
    wait.description = "Wait for a run; print where it stands then. Exit 8 if it still goes on."
    wait.set_defaults(command=lazily("handrail.cli.waiting", "wait"))
    add_which(wait)
    wait.add_argument(
        "--timeout", type=duration, default=100.0, metavar="100s", help="at most (default: 100s)"
    )
    wait.add_argument(
        "--until",
        default="end",
        metavar="end|first-failure|50%",
        help="how far the run must have come (default: end)",
    )
    add_json(wait)


def _fill_logs(logs: Parser) -> None:
    logs.description = "What pytest printed: the end of it, or what is new since a cursor. The next cursor is on stderr."
    logs.set_defaults(command=lazily("handrail.cli.logs", "logs"))
    add_which(logs)
    logs.add_argument(
        "--test", metavar="NODEID", help="instead, what this test logged in a run --log-tests"
    )
    logs.add_argument("--since", metavar="CURSOR", help="go on where an earlier answer ended")
    logs.add_argument("--grep", type=pattern, metavar="REGEX", help="only lines that match")
    logs.add_argument("--tail", type=count, metavar="N", help="only the last lines")
    logs.add_argument(
        "--max-bytes", type=size, default=16384, metavar="16KiB", help="at most (default: 16KiB)"
    )
    logs.add_argument(
        "--follow", dest="is_following", action="store_true", help="go on until the run ends"
    )
    add_json(logs)


def _fill_stop(stop: Parser) -> None:
    stop.description = "Stop a run and every process that it started."
    stop.set_defaults(command=lazily("handrail.cli.waiting", "stop"))
    add_which(stop)
    stop.add_argument("--all", dest="is_all", action="store_true", help="all that go on here")
    add_json(stop)


def _fill_explain(explain: Parser) -> None:
    explain.description = (
        "One failure in full: frames, values, output, history, commits since it passed."
    )
    explain.set_defaults(command=lazily("handrail.cli.explaining", "explain"))
    explain.add_argument("run", metavar="RUN", help="its id, the beginning of one, or latest")
    explain.add_argument("cause", metavar="F1", help="the failure, or a test that failed")
    add_json(explain)
    explain.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def _fill_runs(runs: Parser) -> None:
    runs.description = "The runs that are kept here, the newest first."
    runs.set_defaults(command=lazily("handrail.cli.listing", "runs"))
    add_json(runs)


def _fill_doctor(doctor: Parser) -> None:
    doctor.description = (
        "Look at this machine and this project; say what is wrong and what to type. Exit 1 if "
        "there is a problem."
    )
    doctor.set_defaults(command=lazily("handrail.cli.doctoring", "doctor"))
    doctor.add_argument("codes", nargs="*", metavar="D09", help="only these checks")
    doctor.add_argument(
        "--fix", dest="is_fixing", action="store_true", help="mend what can be mended safely"
    )
    doctor.add_argument(
        "--deep",
        dest="is_deep",
        action="store_true",
        help="collect the tests too: is each of them in exactly one tier?",
    )
    add_json(doctor)


def _fill_clean(clean: Parser) -> None:
    clean.description = "Remove old runs: by default those over 7 days or beyond the last 10 (failed ones: 14 and 20)."
    clean.set_defaults(command=lazily("handrail.cli.listing", "clean"))
    clean.add_argument("--keep", type=count, metavar="N", help="so many of each kind stay")
    clean.add_argument(
        "--history",
        dest="history_s",
        type=duration,
        default=180 * 86400.0,
        metavar="180d",
        help="single attempts in history that are older go; what is known of a test stays",
    )
    clean.add_argument("--older", type=duration, metavar="7d", help="only what is older goes")
    add_json(clean)


def _fill_help(help_: Parser) -> None:
    help_.description = "One page for those who have to get it right the first time."
    help_.set_defaults(command=lazily("handrail.cli.helping", "show_help"))
    help_.add_argument("topic", nargs="?", choices=("agents", "agents.md"), default="agents")


def _fill_report(report: Parser) -> None:
    report.description = (
        "Make a report from what a run left behind, also of one that was cut off. "
        "`report merge DIR...` makes one run of several, with one verdict; "
        "`report import FILE...` adds results of others to history."
    )
    report.set_defaults(command=lazily("handrail.cli.report", "report"))
    report.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN|merge|import",
        help="its id, the beginning of one, latest, or its folder",
    )
    report.add_argument(
        "folders",
        nargs="*",
        metavar="DIR",
        help="folders of runs to be merged, files to be imported",
    )
    report.add_argument("--commit", metavar="SHA", help="import: the code that the results are of")
    report.add_argument(
        "--allow-empty", action="store_true", help="nothing that ran is a pass, when merged"
    )
    report.add_argument(
        "--expect", type=count, metavar="N", help="merge: so many runs have to be there"
    )
    report.add_argument(
        "--format",
        choices=(
            "human",
            "digest",
            "json",
            "ndjson",
            "junit",
            "ctrf",
            "github",
            "markdown",
            "durations",
            "html",
        ),
        default="human",
        help="(default: human)",
    )
    report.add_argument(
        "--compare",
        metavar="RUN",
        help="what changed since this run: failing, fixed, slower, faster, added, removed (human, json, html)",
    )
    report.add_argument(
        "--where",
        dest="is_where",
        action="store_true",
        help="where the run's time went, and what to do about it (human or json)",
    )
    report.add_argument(
        "--ci-impact",
        dest="is_impact",
        action="store_true",
        help="of all runs: failed by infrastructure, by flaky tests, for real; time of each stage (human or json)",
    )
    report.add_argument(
        "--since", metavar="REF|DATE", help="--ci-impact: before and after this commit or day"
    )
    report.add_argument("--tests", action="store_true", help="list every test in the JSON")
    report.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    report.add_argument(
        "-o",
        "--output",
        dest="output",
        metavar="FILE",
        help="write there instead of to stdout (html: instead of into the run's folder)",
    )


def _fill_serve(serve: Parser) -> None:
    serve.description = (
        "Show the runs of this project in a browser of this machine: those that are kept, and those "
        "that go on, live. It can be read only, and ends on Ctrl-C."
    )
    serve.set_defaults(command=lazily("handrail.cli.serving", "serve"))
    serve.add_argument(
        "--port", type=port, default=0, metavar="N", help="(default: 0, any that is free)"
    )
    serve.add_argument(
        "--open", dest="is_opened", action="store_true", help="open the browser as well"
    )


def _fill_tiers(tiers: Parser) -> None:
    tiers.set_defaults(command=lazily("handrail.cli.policy", "tiers"))
    add_json(tiers)


def _fill_allow(allow: Parser) -> None:
    allow.set_defaults(command=lazily("handrail.cli.policy", "allow"))
    allow.add_argument("gate", metavar="GATE")
    allow.add_argument("--revoke", action="store_true", help="close it again")


def _fill_config(config: Parser) -> None:
    config.set_defaults(command=lazily("handrail.cli.policy", "config"))
    config.add_argument(
        "what",
        choices=("show", "schema", "check"),
        help="settings with their origins, the JSON Schema of [tool.handrail], or a check alone",
    )


def _fill_services(services: Parser) -> None:
    services.description = (
        "The services that tests need, for a person: up starts those of this project and leaves them "
        "running, one set for each work tree; down ends them."
    )
    services.set_defaults(command=lazily("handrail.cli.services", "services"))
    services.add_argument(
        "what",
        choices=("up", "down", "status", "logs", "clean"),
        help="start, end, look, see what one printed, remove what is left over",
    )
    services.add_argument("names", nargs="*", metavar="NAME", help="only these (default: all)")
    services.add_argument(
        "--env", dest="is_env", action="store_true", help="up: print export lines for a shell"
    )
    services.add_argument(
        "--kept", metavar="ID", help="up: the database of a failed test of a run --keep-services"
    )
    services.add_argument(
        "--follow", dest="is_following", action="store_true", help="logs: go on until it ends"
    )
    services.add_argument("--tail", type=count, metavar="N", help="logs: so many lines")
    services.add_argument(
        "--older",
        type=duration,
        metavar="14d",
        help="clean: snapshots not used for so long (default: 14d)",
    )
    add_json(services)


def _fill_mcp(serving: Parser) -> None:
    serving.description = (
        "Serve this project's runs to agents by the Model Context Protocol, on stdin and stdout. "
        "Needs the extra mcp: pip install 'handrail[mcp]'."
    )
    serving.set_defaults(command=lazily("handrail.mcp.server", "serve"))


def _options_of_run(fill: str) -> Callable[[Parser], None]:
    """They are many, and imported for these commands alone."""
    return _filled_by("handrail.cli.run_options", fill)


def _filled_by(module: str, fill: str) -> Callable[[Parser], None]:
    def filled(parser: Parser) -> None:
        import importlib

        getattr(importlib.import_module(module), fill)(parser)

    return filled


COMMANDS: Mapping[str, tuple[str, Callable[[Parser], None]]] = {
    "run": ("run tests and follow them to the verdict", _options_of_run("fill_run")),
    "start": ("run tests in the background", _options_of_run("fill_start")),
    "status": ("where a run is", _fill_status),
    "wait": ("wait for a run", _fill_wait),
    "logs": ("what a run printed since a cursor", _fill_logs),
    "stop": ("stop a run and every process it started", _fill_stop),
    "rerun": ("what failed, did not run, or is new since", _options_of_run("fill_rerun")),
    "report": ("an earlier run, in any format", _fill_report),
    "explain": ("one failure in full", _fill_explain),
    "serve": ("runs in the browser, live", _fill_serve),
    "runs": ("recent runs", _fill_runs),
    "flaky": (
        "tests that pass and fail at the same code",
        _filled_by("handrail.cli.flaky", "fill_flaky"),
    ),
    "tiers": ("tiers, gates, and what would run here", _fill_tiers),
    "allow": ("open a gate for a while; only a person at a terminal can", _fill_allow),
    "config": ("effective settings and where each came from", _fill_config),
    "init": (
        "adopt Handrail in a project: a diff first",
        _filled_by("handrail.cli.initialising", "fill_init"),
    ),
    "services": ("the services that tests need: up, down, status, logs, clean", _fill_services),
    "help": ("how to use this, in one page: help agents", _fill_help),
    "doctor": ("look at this machine and this project", _fill_doctor),
    "ci": ("workflows of CI from the stages", _filled_by("handrail.cli.ci", "fill_ci")),
    "clean": ("remove old runs and their logs", _fill_clean),
    "mcp": ("serve agents by the Model Context Protocol", _fill_mcp),
}
"""Every command, in the order of the help: what it is for, and what fills its parser."""
