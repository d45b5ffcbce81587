"""The command line: reads arguments, calls one use case, prints what it returned."""

import sys
from collections.abc import Callable, Sequence

from handrail.errors import ExitCode, UserError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command, and end this process with its exit code. Problems a person can fix are shown
    without a traceback.
    """
    from handrail.cli.parser import parse

    given = list(sys.argv[1:] if arguments is None else arguments)

    def command() -> int:
        parsed = parse(given)
        return int(parsed.command(parsed))

    code = answered(command)
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        sys.exit(code)  # which waits for them
    from handrail.system.leaving import leave

    leave(code)


def answered(command: Callable[[], int]) -> int:
    """The exit code of a command, whatever becomes of it; what a person can fix is on stderr."""
    try:
        return command()
    except UserError as error:
        print(error.text(), file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output went away (``handrail ... | head``): nothing to say to nobody.
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.PASSED)
