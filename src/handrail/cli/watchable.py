"""What of a command line can be watched, and what of it every round is given."""

import argparse
import shlex
from collections.abc import Mapping
from contextlib import suppress

from handrail.cli.parser import parse
from handrail.cli.run_options import wants_terminal
from handrail.errors import UsageError
from handrail.model.surroundings import answers_agent, is_ci


def refuse(arguments: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Raises: UsageError for what makes no sense while somebody watches."""
    where = ""
    if arguments.is_ci:
        where = "--ci"
    elif is_ci(environ):
        where = "the environment is that of CI"
    elif answers_agent(arguments.format, environ):
        where = "an agent reads the answer"
    elif arguments.format not in {"auto", "human"}:
        where = f"--format {arguments.format}"
    if where:
        raise UsageError(
            "--watch is for a person who saves files",
            where=where,
            hint="leave out --watch: one run, one verdict",
        )
    if wants_terminal(arguments):
        raise UsageError(
            "--watch cannot be combined with what gives the terminal to pytest",
            where="handrail " + shlex.join(arguments.given),
            hint="leave out --watch, or -s, --pdb, --co and the like",
        )
    others = {
        "--dry-run": arguments.dry_run,
        "--wait": arguments.wait_s is not None,
        "--warm": arguments.is_warm,
    }
    other = next((name for name, is_given in others.items() if is_given), "")
    if other:
        raise UsageError(
            f"--watch cannot be combined with {other}",
            hint="leave out one of them",
        )


def without_targets(arguments: argparse.Namespace) -> list[str]:
    """The command line without ``--watch`` and without what it says to run: the options.

    A word may be a target or the value of an option; the parser knows.
    """
    given = list(arguments.given)
    behind = given[given.index("--") :] if "--" in given else []
    options = [each for each in given[: len(given) - len(behind)] if each != "--watch"]
    targets = list(arguments.targets)
    while targets:
        target = targets.pop()
        for place in [n for n, each in enumerate(options) if each == target][::-1]:
            trial = options[:place] + options[place + 1 :]
            with suppress(UsageError):
                if parse(trial).targets == targets:
                    options = trial
                    break
    return options + behind
