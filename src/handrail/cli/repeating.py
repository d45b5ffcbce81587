"""``handrail run --repeat N``: the same run again and again, to see whether it stays green."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence

from handrail.errors import ExitCode, UsageError

OPTION = "--repeat"


def repeat(arguments: argparse.Namespace) -> ExitCode:
    """Run ``arguments.repeat`` times, each a command of its own; return the first exit code that is
    not 0. What is printed is what each of them prints. Raises: UsageError.
    """
    if arguments.is_watch:
        raise UsageError(f"--watch cannot be combined with {OPTION}", hint="leave out one of them")
    command = [sys.executable, "-m", "handrail", *without_repeat(arguments.given)]
    # Ctrl-C reaches the run that is under way as well; that one ends, and its exit code ends us.
    signal.signal(signal.SIGINT, lambda *_: None)
    for number in range(1, arguments.repeat + 1):
        print(f"run {number} of {arguments.repeat}", file=sys.stderr, flush=True)
        code = subprocess.run(command, check=False).returncode
        if code != ExitCode.PASSED:
            _tell_the_rest(arguments.repeat - number)
            return ExitCode(code) if code in set(ExitCode) else ExitCode.INFRA_ERROR
    return ExitCode.PASSED


def without_repeat(given: Sequence[str]) -> list[str]:
    """The command line without the option and its value; what is behind ``--`` is pytest's."""
    left: list[str] = []
    words = iter(given)
    for word in words:
        if word == "--":
            return [*left, word, *words]
        if word == OPTION:
            next(words, None)
        elif not word.startswith(f"{OPTION}="):
            left.append(word)
    return left


def _tell_the_rest(count: int) -> None:
    if count:
        print(f"note: {count} of the runs that were asked for did not begin", file=sys.stderr)
