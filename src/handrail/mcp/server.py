"""``handrail mcp``: serve the tools on stdin and stdout, if the package for it is there."""

import argparse

from handrail.errors import ExitCode, UserError
from handrail.wiring import wire


class MissingExtraError(UserError):
    """An optional part of Handrail was called, and what it needs is not installed."""

    reference = "missing-extra"

    def __init__(self) -> None:
        super().__init__("handrail mcp needs the package mcp", hint="pip install 'handrail[mcp]'")


def serve(arguments: argparse.Namespace) -> ExitCode:
    """Serve the project around the folder until stdin ends. Raises: MissingExtraError, UsageError."""
    folder = wire(arguments.folder).folder
    try:
        from handrail.mcp.protocol import serve_stdio
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "handrail":
            raise  # a bug of ours
        raise MissingExtraError from None
    serve_stdio(folder)
    return ExitCode.PASSED
