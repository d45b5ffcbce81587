"""What commands have in common: the parser, its types of values, and options that several have."""

import argparse
import os
from collections.abc import Callable

from handrail.errors import ExitCode, UsageError
from handrail.model.units import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing it takes a tenth of the time of `handrail status`
    from typing import NoReturn

    from handrail.model.shards import Shard

Command = Callable[[argparse.Namespace], ExitCode]


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


def lazily(module: str, name: str) -> Command:
    """The command of that name, imported when it is called."""

    def command(parsed: argparse.Namespace) -> ExitCode:
        import importlib

        found: Command = getattr(importlib.import_module(module), name)
        return found(parsed)

    return command


def add_which(command: Parser) -> None:
    """``RUN``, by default the latest."""
    command.add_argument(
        "run",
        nargs="?",
        default="latest",
        metavar="RUN",
        help="its id, the beginning of one, or latest",
    )


def add_json(command: Parser) -> None:
    """``--json``."""
    command.add_argument("--json", dest="is_json", action="store_true", help="as JSON")


def add_output(command: Parser) -> None:
    """What the answer of a command looks like that ends with a verdict."""
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


def workers(text: str) -> int | None:
    """A number, or None: as many as there are processors."""
    if text == "auto":
        return None
    if text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor auto")


def count(text: str) -> int:
    """A number. Raises: ArgumentTypeError, as do the others."""
    if text.isdecimal() and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number")


def port(text: str) -> int:
    """A port, or 0: any that is free."""
    if (found := count(text)) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return found


def times(text: str) -> int:
    """How often: at least once."""
    if (found := count(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not once or more often")
    return found


def order(text: str) -> str:
    """An order of tests, as ``core.ordering`` knows it."""
    from handrail.core.ordering import is_order

    if not is_order(text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither random nor random:SEED")
    return text


def variations(text: str) -> tuple[str, ...]:
    """Circumstances of ``core.stressing``, separated by commas."""
    from handrail.core.stressing import Variation

    names = tuple(dict.fromkeys(text.split(",")))
    unknown = [each for each in names if each not in set(Variation)]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(Variation)}")
    return names


def date(text: str) -> str:
    """A date, or a date and a time, as ``2027-01-01 00:00:00``."""
    from datetime import datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date such as 2027-01-01 00:00:00"
        ) from None
    return found.strftime("%Y-%m-%d %H:%M:%S")


def duration(text: str) -> float:
    """Seconds."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s, 5m or 2h")
    return seconds


def fail_on(text: str) -> tuple[str, ...]:
    """What makes a run fail beside failures."""
    words = tuple(dict.fromkeys(each.strip() for each in text.split(",")))
    for word in words:
        if word not in {"flaky", "slow"}:
            raise argparse.ArgumentTypeError(f"{word!r} is neither flaky nor slow")
    return words


def pattern(text: str) -> str:
    """A regular expression."""
    import re

    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from None
    return text


def shard(text: str) -> "Shard":
    """One part of several."""
    from handrail.model.shards import parse_shard

    try:
        return parse_shard(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard such as 2/5") from None


def size(text: str) -> int:
    """Bytes."""
    from handrail.model.units import parse_size

    try:
        return parse_size(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512MiB") from None
