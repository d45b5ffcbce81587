"""``handrail flaky``: its subcommands, in one table.

Without one of them, ``handrail flaky [TEST]`` is ``handrail flaky list [TEST]``.
"""

from collections.abc import Callable, Mapping, Sequence

from handrail.cli.arguments import Parser, add_json, date, duration, lazily, times, variations

_DEFAULT = "list"


def completed(given: Sequence[str]) -> list[str]:
    """The command line, with the subcommand that is meant where none is named."""
    place = given.index("flaky") + 1
    word = given[place] if place < len(given) else ""
    if word in SUBCOMMANDS or word in {"-h", "--help"}:
        return list(given)
    return [*given[:place], _DEFAULT, *given[place:]]


def fill_flaky(flaky: Parser) -> None:
    """``handrail flaky``, with everything below it."""
    flaky.description = (
        "Tests that pass and fail at the same code. "
        "`handrail flaky [TEST]` is short for `handrail flaky list [TEST]`."
    )
    below = flaky.add_subparsers(title="subcommands", metavar="SUBCOMMAND", prog="handrail flaky")
    for name, (about, fill) in SUBCOMMANDS.items():
        fill(below.add_parser(name, help=about))


def _fill_list(listing: Parser) -> None:
    listing.description = "The tests that history knows to be flaky, the worst first; with TEST, what it knows of that."
    listing.set_defaults(command=lazily("handrail.cli.flaky_listing", "flaky"))
    listing.add_argument("test", nargs="?", metavar="TEST", help="only this one, in full")
    listing.add_argument(
        "--last", type=times, default=100, metavar="100", help="attempts looked at, of each test"
    )
    add_json(listing)


def _fill_bisect(bisect: Parser) -> None:
    bisect.description = (
        "Find the tests that must come before TEST for it to fail, or to pass: polluters, or what sets "
        "its state up. The order of the last run in which it failed is searched first."
    )
    bisect.set_defaults(command=lazily("handrail.cli.searching", "bisect"))
    bisect.add_argument("test", metavar="TEST", help="the node id of the test")
    _add_collected(bisect)
    bisect.add_argument("--run", metavar="RUN", help="search the order of this run")
    bisect.add_argument(
        "--runs", type=times, default=200, metavar="200", help="give up after so many"
    )


def _fill_stress(stress: Parser) -> None:
    stress.description = (
        "Repeat tests in fresh processes, several at once, under varied circumstances that take turns, "
        "and say which of these makes them fail. Exit 1 if any run failed."
    )
    stress.set_defaults(command=lazily("handrail.cli.stressing", "stress_tests"))
    stress.add_argument(
        "tests", nargs="*", metavar="TEST|PATH", help="what to repeat (default: all that runs here)"
    )
    stress.add_argument(
        "-n", dest="times", type=times, metavar="N", help="so many runs in all (default: 100)"
    )
    stress.add_argument(
        "--for", dest="for_s", type=duration, metavar="10m", help="begin runs for so long"
    )
    stress.add_argument(
        "--until-failure", action="store_true", help="until a run fails, however long it takes"
    )
    stress.add_argument(
        "--vary",
        type=variations,
        default=(),
        metavar="order,cpu",
        help="what to vary: none, order, cpu, slow-io, hash-seed, clock (default: all)",
    )
    stress.add_argument(
        "--date",
        type=date,
        metavar="'2027-01-01 00:00:00'",
        help="vary the clock: to this date in all of these runs",
    )
    stress.add_argument(
        "--workers", type=times, metavar="N", help="runs at once (default: processors)"
    )
    _add_limits(stress)


def _add_collected(command: Parser) -> None:
    """Which tests are collected, and how bounded each is."""
    command.add_argument(
        "targets", nargs="*", metavar="TIER|PATH", help="where to look for tests (default: as runs)"
    )
    _add_limits(command)


def _add_limits(command: Parser) -> None:
    command.add_argument(
        "--tier", action="append", default=[], metavar="NAME", help="the tests of this tier"
    )
    command.add_argument(
        "--allow",
        action="append",
        default=[],
        metavar="GATE",
        help="open a gate that a flag may open",
    )
    command.add_argument(
        "--timeout",
        type=duration,
        metavar="10s",
        help="wall time of each test (default: as in runs)",
    )
    add_json(command)


def _fill_quarantine(quarantine: Parser) -> None:
    quarantine.description = (
        "Put tests into quarantine: they run and are reported, but do not make a run fail. Without "
        "TEST, list those that are there, and which may be released."
    )
    quarantine.set_defaults(command=lazily("handrail.cli.quarantining", "quarantine"))
    quarantine.add_argument(
        "tests", nargs="*", metavar="TEST", help="node ids; without [...] all parameters"
    )
    quarantine.add_argument("--reason", metavar="TEXT", help="why it fails, as far as known")
    quarantine.add_argument("--owner", metavar="NAME", help="who mends it")
    quarantine.add_argument(
        "--for", dest="for_s", type=duration, default=14 * 86400.0, metavar="14d",
        help="after which its failures count again (default: 14d)",
    )  # fmt: skip
    add_json(quarantine)


def _fill_release(release: Parser) -> None:
    release.description = "Take tests out of quarantine: their failures count again."
    release.set_defaults(command=lazily("handrail.cli.quarantining", "release"))
    release.add_argument("tests", nargs="+", metavar="TEST", help="node ids, as quarantined")


SUBCOMMANDS: Mapping[str, tuple[str, Callable[[Parser], None]]] = {
    "list": ("the flaky tests, the worst first; with TEST, one in full", _fill_list),
    "quarantine": ("tests that run and do not make a run fail, until a day", _fill_quarantine),
    "release": ("tests that leave quarantine", _fill_release),
    "bisect": ("the tests that make one fail, or that it needs", _fill_bisect),
    "stress": ("repeat tests under varied circumstances", _fill_stress),
}
"""Every subcommand, in the order of the help: what it is for, and what fills its parser."""
