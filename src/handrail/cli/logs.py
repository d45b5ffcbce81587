"""``handrail logs``: what pytest printed, or what is new of it since a cursor."""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Sequence

from handrail.cli.standing import Standing, standing_of
from handrail.errors import ExitCode, UsageError

LOG = "pytest.log"
LOOK_S = 0.1
_DIGITS = 40
"""Of an offset, more than enough: Python refuses to read numbers without end."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could move a terminal's cursor; tabs stay."""


def logs(arguments: argparse.Namespace) -> ExitCode:
    """Print lines of a run's log, and on stderr the cursor from which to go on."""
    if arguments.test is not None:
        from handrail.cli.log_of_test import log_of_test

        return log_of_test(arguments)
    reference, offset = _begin(arguments)
    standing = standing_of(arguments.folder, reference)
    if arguments.is_following and arguments.is_json:
        raise UsageError(
            "--follow and --json do not go together",
            hint="ask again and again: handrail logs --json --since CURSOR",
        )
    wanted = re.compile(arguments.grep) if arguments.grep else None
    path = os.path.join(standing.folder, LOG)
    if offset is None:
        offset = _near_the_end(path, arguments.tail, arguments.max_bytes, is_over=standing.is_over)
    while True:
        is_over = standing.is_over
        lines, offset = _read(path, offset, arguments.max_bytes, is_over=is_over)
        shown = [line for line in lines if wanted is None or wanted.search(line)]
        if not arguments.is_following or (is_over and not lines):
            break
        _print(shown)
        if not lines:
            time.sleep(LOOK_S)
            standing = Standing(standing.folder)
        shown = []
    cursor = f"{standing.run_id}:{offset}"
    if arguments.is_json:
        print(json.dumps({"cursor": cursor, "lines": shown, "path": path}))
    else:
        _print(shown)
        print(f"cursor: {cursor}", file=sys.stderr)
    return ExitCode.PASSED


def _begin(arguments: argparse.Namespace) -> tuple[str, int | None]:
    """Which run, and from which byte on; None for near the end."""
    if not arguments.since:
        return arguments.run, 0 if arguments.is_following and arguments.tail is None else None
    run, _, offset = arguments.since.rpartition(":")
    if not run or not offset.isdecimal() or len(offset) > _DIGITS:
        raise UsageError(
            f"{arguments.since} is no cursor",
            where="--since",
            hint="use what `handrail logs` printed behind `cursor:`",
        )
    return run, int(offset)


def _near_the_end(path: str, lines: int | None, most_bytes: int, *, is_over: bool) -> int:
    """Where the last lines begin, as many as asked for, or as many as there is room for."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            first = max(0, size - most_bytes)
            file.seek(first)
            end = file.read()
    except OSError:
        return 0
    if lines is None:
        return first + (end.find(b"\n") + 1 if first else 0)
    if not is_over:
        size -= len(end) - end.rfind(b"\n") - 1  # a line that is not whole yet is not shown
        end = end[: end.rfind(b"\n") + 1]
    kept = re.findall(rb"[^\n]*\n|[^\n]+", end)
    return size - sum(map(len, kept[-lines:] if lines else []))


def _read(path: str, offset: int, most_bytes: int, *, is_over: bool) -> tuple[list[str], int]:
    """Whole lines from ``offset`` on, and where the next one begins. A line that is longer than
    ``most_bytes`` comes in pieces; the last one of a run that is over need not be ended.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            chunk = file.read(most_bytes)
            behind = file.read(1)
    except (OSError, ValueError):  # an offset that no file could have
        return [], offset
    end = chunk.rfind(b"\n") + 1
    if is_over and not behind:
        end = len(chunk)
    elif not end and len(chunk) == most_bytes:
        chunk = chunk + behind if behind == b"\n" else _up_to_a_character(chunk)
        end = len(chunk)
    lines = chunk[:end].decode("utf-8", "replace").split("\n")
    return [
        _CONTROL.sub("", line) for line in (lines[:-1] if lines[-1] == "" else lines)
    ], offset + end


def _up_to_a_character(piece: bytes) -> bytes:
    """The piece without the beginning of a character of UTF-8 whose rest is not in it."""
    for back in range(1, min(4, len(piece))):
        byte = piece[-back]
        if byte >= 0xC0:  # begins a character of two bytes or more
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return piece[:-back] if size > back else piece
        if byte < 0x80:
            break
    return piece


def _print(lines: Sequence[str]) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        print(line.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
