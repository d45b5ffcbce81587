"""Options of the commands that run tests: ``run``, ``start`` and ``rerun``."""

import argparse

from handrail.cli.arguments import (
    Parser,
    add_output,
    add_which,
    count,
    duration,
    fail_on,
    lazily,
    order,
    shard,
    size,
    times,
    workers,
)

PYTEST_FLAGS = ("-x", "--lf", "--ff", "-s", "--pdb", "-l", "--co", "--no-header", "--no-summary")
PYTEST_VALUES = (
    "--maxfail", "-k", "-m", "--durations", "--junitxml", "--tb", "-r", "-W", "-o", "-p", "-c", "--rootdir",
    "--confcutdir", "--ignore", "--ignore-glob", "--deselect", "--cov-report", "--cov-config", "--basetemp",
    "--log-level", "--import-mode", "--capture",
)  # fmt: skip
"""Options of pytest that are passed on; others go behind ``--``."""
DURATIONS = ".handrail-durations.json"
"""In the project's folder."""
LISTING = frozenset(
    {"--collect-only", "--co", "--fixtures", "--markers", "--setup-plan", "--help", "-h"}
)
"""Options of pytest with which it only prints something."""
_TALKING = LISTING | {"-s", "--pdb", "--trace", "--capture=no"}


def wants_terminal(parsed: argparse.Namespace) -> bool:
    """Whether what pytest itself prints, or asks, is what the caller wants."""
    flags = {flag for flag in PYTEST_FLAGS if getattr(parsed, f"pytest{flag}")}
    return bool(_TALKING & (flags | set(parsed.behind)))


def fill_run(run: Parser) -> None:
    """``handrail run``."""
    run.description = (
        "Run the tests of a tier (without a name: those that run here by default) and follow them to "
        "the verdict. The run goes on if this command is ended; Ctrl-C stops it."
    )
    run.set_defaults(command=lazily("handrail.cli.attending", "run"))
    _add_watching(run)
    _fill_selection(run)
    run.add_argument(
        "--repeat",
        type=times,
        default=1,
        metavar="N",
        help="run N times, one run after the other, until one is not green",
    )
    run.add_argument(
        "--watch",
        dest="is_watch",
        action="store_true",
        help="run again what a saved file affects, until somebody quits",
    )


def fill_start(start: Parser) -> None:
    """``handrail start``."""
    start.description = "Start a run in the background, print its id, and return at once."
    start.set_defaults(command=lazily("handrail.cli.attending", "start"), is_ci=False, wait_s=None)
    _fill_selection(start)


def fill_rerun(rerun: Parser) -> None:
    """``handrail rerun``."""
    rerun.description = "Run what is left of a run: what failed, did not run, or is new since; or only some failures."
    rerun.set_defaults(command=lazily("handrail.cli.rerunning", "rerun"))
    add_which(rerun)
    rerun.add_argument(
        "causes", nargs="*", metavar="F1", help="only the tests of these failures, or these tests"
    )
    _add_watching(rerun)
    add_output(rerun)


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
        type=duration,
        metavar="100s",
        help="follow for so long, then exit 8 (default: to the end; for an agent 100s)",
    )


def _fill_selection(run: Parser) -> None:
    """What ``run`` and ``start`` share."""
    run.set_defaults(remaining=None, rerun_of="", is_watch=False, is_forked=False, repeat=1)
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
        type=workers,
        default=None,
        metavar="N|auto",
        help="worker processes; 0: everything in one process (default: auto)",
    )
    run.add_argument(
        "--order",
        type=order,
        metavar="random[:SEED]",
        help="a random order of modules, classes and tests, which its seed repeats",
    )
    run.add_argument("--budget", type=duration, metavar="60s", help="wall time of the whole run")
    run.add_argument("--timeout", type=duration, metavar="10s", help="wall time of each test")
    run.add_argument("--memory", type=size, metavar="512MiB", help="resident memory of each worker")
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
        "--shard",
        type=shard,
        metavar="2/5",
        help="run the second of five equal parts; every machine finds its own",
    )
    run.add_argument(
        "--durations-file",
        metavar="FILE",
        help=f"recorded times that shards are equal by (default: {DURATIONS}, if it exists)",
    )
    run.add_argument(
        "--retries",
        type=count,
        metavar="N",
        help="try a test that failed so often again, after the rest of its module (default: as its override or its tier says)",
    )
    run.add_argument(
        "--fail-on",
        type=fail_on,
        default=(),
        metavar="flaky,slow",
        help="the run fails if a test passed only when tried again, or took 3 times as long as usual",
    )
    run.add_argument(
        "--guard",
        nargs="?",
        const="note",
        default="",
        choices=("note", "fail"),
        metavar="note|fail",
        help="look what each test leaves behind in its process: note it (default), or let the test fail",
    )
    run.add_argument(
        "--changed",
        nargs="?",
        const="",
        metavar="REF",
        help="run what is affected by changes since it was recorded, or since a commit: --changed=REF",
    )
    run.add_argument(
        "--verify",
        dest="is_verifying",
        action="store_true",
        help="with --changed: run the rest too, and say which failures selection would have missed",
    )
    run.add_argument(
        "--profile",
        choices=("time", "memory"),
        default="",
        help="measure where time or memory goes, for `handrail report --where`; a flame graph",
    )
    run.add_argument(
        "--log-tests",
        action="store_true",
        help="keep what each test logs, for `handrail logs --test` and `handrail explain`",
    )
    run.add_argument(
        "--keep-services",
        dest="is_keeping",
        action="store_true",
        help="keep the databases of failed tests, for `handrail services up --kept`",
    )
    run.add_argument("--allow-empty", action="store_true", help="nothing to run is a pass")
    run.add_argument("--dry-run", action="store_true", help="show what would run here, run nothing")
    add_output(run)
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
