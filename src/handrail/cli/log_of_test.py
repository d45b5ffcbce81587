"""``handrail logs --test``: what one test of a run logged."""

import argparse
import json
import re
import sys
from collections.abc import Collection
from pathlib import Path

from handrail.cli.standing import Standing, standing_of
from handrail.config.nearest import nearest
from handrail.core.folding import fold
from handrail.core.logged import LogLine, encode
from handrail.core.text import encodable, name, size_bytes
from handrail.errors import ExitCode, UsageError, UserError
from handrail.reporters.log_lines import log_text, tail
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.runs.logged import read_log

_SHOWN = 3
_SILENT = (
    "it has logged nothing that pytest's log level lets through; without one that is WARNING and "
    "above: handrail run --log-tests --log-level=DEBUG"
)


class NoTestLogError(UserError):
    """What tests log was not kept in that run."""

    reference = "no-test-log"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"run {run_id} did not keep what its tests log",
            hint="run with it: handrail run --log-tests",
        )


class NoSuchTestError(UserError):
    """The run has no test of that name."""

    reference = "no-such-test"

    def __init__(self, run_id: str, test: str, known: Collection[str]) -> None:
        found = _similar(test, known)
        shown = [name(each) for each in found[:_SHOWN]]
        more = f" +{len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        super().__init__(
            f"run {run_id} has no test {name(test)}",
            where=f"similar: {', '.join(shown)}{more}" if shown else "",
            hint=f"its tests: handrail report {run_id} --format json --tests"
            if known
            else f"it has not said yet which tests it has: handrail status {run_id}",
        )


def log_of_test(arguments: argparse.Namespace) -> ExitCode:
    """Print what a test logged; as JSON, objects. Raises: NoTestLogError, NoSuchTestError."""
    _refuse(arguments)
    standing = standing_of(arguments.folder, arguments.run)
    path = RunFolder(Path(standing.folder)).test_log
    if not path.exists():
        raise NoTestLogError(standing.run_id)
    is_empty = next(read_log(path, arguments.test), None) is None
    if is_empty:
        _check(standing, arguments.test)
    lines = read_log(path, arguments.test)
    if arguments.grep:
        wanted = re.compile(arguments.grep)
        lines = (line for line in lines if wanted.search(log_text(line)))
    found = tail(
        lines,
        most=arguments.tail,
        most_bytes=arguments.max_bytes,
        size=_json_size if arguments.is_json else _text_size,
    )
    if arguments.is_json:
        documents = [line.document() for line in found.lines]
        answer = {"test": arguments.test, "lines": documents, "omitted": found.omitted}
        print(json.dumps({**answer, "path": str(path)}))
        return ExitCode.PASSED
    encoding = sys.stdout.encoding or "utf-8"
    for line in found.lines:
        print(encodable(log_text(line), encoding))
    for note in _notes(found.omitted, arguments.tail, is_empty=is_empty):
        print(f"note: {note}", file=sys.stderr)
    return ExitCode.PASSED


def _refuse(arguments: argparse.Namespace) -> None:
    for option, is_given in (("--since", arguments.since), ("--follow", arguments.is_following)):
        if is_given:
            raise UsageError(
                f"--test and {option} do not go together",
                hint="ask again and again: handrail logs --test NODEID --tail 20",
            )


def _check(standing: Standing, test: str) -> None:
    """A test that logged nothing is in no line. Raises: NoSuchTestError."""
    try:
        record = fold(read_events(RunFolder(Path(standing.folder)).events))
    except ValueError:
        raise NoSuchTestError(standing.run_id, test, ()) from None
    known = set(record.collected.tests) if record.collected else set()
    if test not in known:
        raise NoSuchTestError(standing.run_id, test, known)


def _similar(test: str, known: Collection[str]) -> list[str]:
    """Its cases, if it has parameters; else those that end so; else the nearest one."""
    found = sorted(each for each in known if each.startswith((f"{test}[", f"{test}::")))
    found = found or sorted(each for each in known if each.endswith((f"/{test}", f"::{test}")))
    return found or [each for each in (nearest(test, known),) if each is not None]


def _notes(omitted: int, asked: int | None, *, is_empty: bool) -> list[str]:
    if is_empty:
        return [_SILENT]
    if omitted and asked is None:
        lines = "1 earlier line" if omitted == 1 else f"{omitted} earlier lines"
        return [f"{lines} left out; --max-bytes shows more"]
    return []


def _text_size(line: LogLine) -> int:
    return size_bytes(log_text(line)) + 1


def _json_size(line: LogLine) -> int:
    return len(encode(line))
