"""Start the Python of a session before it is known what it shall do.

Half of the time until the first test goes into starting an interpreter and importing pytest. That
needs no decision, so it is begun first, while the command line and the configuration are read.
Imports next to nothing, for the same reason.
"""

import os
import subprocess
import sys
from pathlib import Path


class Prestarted:
    """A Python that has imported pytest, or is about to, and waits to be told what to do."""

    def __init__(self, script: Path) -> None:
        self.is_taken = False
        """Whether a session answers for it now."""
        source, self.feed = os.pipe()
        self.events, sink = os.pipe()
        self.inherited = f"{source},{sink}"
        """What the child calls its ends."""
        try:
            self.process = subprocess.Popen(
                [sys.executable, str(script), self.inherited], pass_fds=(source, sink)
            )
        finally:
            os.close(source)
            os.close(sink)

    def discard(self) -> None:
        """Nothing is to be run after all. Safe when a session has taken over."""
        if not self.is_taken:
            self.process.kill()
            self.process.wait()
            os.close(self.feed)
            os.close(self.events)


def launch_script() -> Path:
    """The script that such a Python runs."""
    import handrail

    return Path(handrail.__file__).parent / "pytest_plugin" / "launch.py"
