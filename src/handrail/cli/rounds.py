"""One round of ``handrail run --watch``: a run like any other, supervised in a fork of a warm process."""

import argparse
import gc
from collections.abc import Mapping
from typing import Any

import handrail.cli.following
import handrail.reporters.human  # noqa: F401
from handrail.cli import answered
from handrail.cli.parser import parse
from handrail.cli.run import run
from handrail.core.remaining import Remaining
from handrail.execution.console import Console
from handrail.execution.prestart import Started


def supervise(order: Mapping[str, Any], started: Started, console: Console) -> int:
    """Run what is ordered; return the exit code. ``order``: see ``watching``."""
    gc.disable()
    return answered(lambda: int(run(_arguments(order), started, console)))


def _arguments(order: Mapping[str, Any]) -> argparse.Namespace:
    arguments = parse(order["given"])
    arguments.is_watch = arguments.is_new = arguments.is_forked = True
    arguments.format = "human"
    done, only = frozenset(order["done"]), frozenset(order["only"])
    arguments.remaining = Remaining(done=done, only=only) if done or only else None
    return arguments
