"""Problems that a person can fix, and the one table of exit codes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What every command of Handrail returns. A contract: additive changes only."""

    PASSED = 0
    FAILED = 1
    INFRA_ERROR = 2
    CONFIG_ERROR = 3
    NOTHING_RAN = 4
    REFUSED = 5
    STILL_RUNNING = 8
    INTERRUPTED = 130
    TERMINATED = 143


class UserError(Exception):
    """Somebody outside this code can fix it; it is shown without a traceback.

    ``reference`` is stable and names the error's page in the docs; ``where`` lists every place at
    once, one per line; ``hint`` is one thing to try.
    """

    reference = "usage"
    exit_code = ExitCode.CONFIG_ERROR

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """The whole message, as printed on stderr: what, where, hint. No final newline."""
        lines = [f"error: {self.what} [{self.reference}]"]
        lines += [f"  {line}" for line in self.where.splitlines()]
        if self.hint:
            lines += ["", f"hint: {self.hint}"]
        return "\n".join(lines)


class UsageError(UserError):
    """The command line cannot be followed."""


class StateError(UserError):
    """The state folder, or a run inside it, cannot be read or written."""

    reference = "state"
    exit_code = ExitCode.INFRA_ERROR


class RefusedError(UserError):
    """A gate is closed or a guard tripped; nothing was executed."""

    reference = "refused"
    exit_code = ExitCode.REFUSED
