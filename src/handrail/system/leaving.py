"""The end of this process."""

import os
import sys


def leave(code: int) -> None:
    """End as a script ends, and do not return, but for the clearing of every module, object by object:
    that takes as long as all that a short run does after its last test.

    What is registered with ``atexit`` is called, and what was printed is written. If that cannot
    be, though somebody reads it, a ``code`` of 0 becomes 1.
    """
    import atexit

    atexit._run_exitfuncs()  # noqa: SLF001 - what the interpreter itself calls; there is no other name for it
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            pass
        except (OSError, ValueError):
            code = code or 1
    os._exit(code)
