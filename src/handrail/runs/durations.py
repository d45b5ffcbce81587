"""The file of recorded times that the shards of a build have in common."""

from pathlib import Path

from handrail.core.durations import parse_durations
from handrail.errors import UserError


class DurationsError(UserError):
    """The file of recorded times cannot be read."""

    reference = "bad-durations"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            "the recorded times that shards share cannot be read",
            where=f"{path.name}: {why}",
            hint=f"handrail report --format durations -o {path.name}",
        )


def read(path: Path, *, is_needed: bool) -> dict[str, float]:
    """Seconds by node id; none if there is no such file and it is not needed.

    Raises: DurationsError.
    """
    try:
        return parse_durations(path.read_text("utf-8"))
    except FileNotFoundError:
        if not is_needed:
            return {}
        raise DurationsError(path, "there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DurationsError(path, str(getattr(error, "strerror", None) or error)) from error
