"""``handrail flaky bisect``: begin the session's Python, and only then import the rest, which takes as long."""

import argparse

from handrail.errors import ExitCode
from handrail.execution.prestart import Prestarted


def bisect(arguments: argparse.Namespace) -> ExitCode:
    """As ``cli.bisecting.bisect``."""
    started = Prestarted()
    try:
        from handrail.cli import bisecting

        return bisecting.bisect(arguments, started)
    finally:
        started.discard()
