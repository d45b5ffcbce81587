"""What a test's mark asks for."""

import pytest

from handrail.errors import UserError
from handrail.model.services import Level

MARK = "isolation"


class NoSuchLevelError(UserError):
    """A test is marked with a level of isolation that does not exist."""

    reference = "no-such-level"


def level_of(item: pytest.Item) -> Level | None:
    """What the test's mark asks for; None without one. Raises: NoSuchLevelError."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return None
    given = mark.args[0] if mark.args else ""
    try:
        return Level(given)
    except ValueError:
        raise NoSuchLevelError(
            f"isolation({given!r}) is no level",
            where=item.nodeid,
            hint=f"use one of: {', '.join(Level)}",
        ) from None
