"""What a test's mark asks for."""

import pytest

from handrail.model.services import Level

MARK = "isolation"


def level_of(item: pytest.Item) -> Level | None:
    """What the test's mark asks for; None without one. Raises: UsageError."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return None
    given = mark.args[0] if mark.args else ""
    try:
        return Level(given)
    except ValueError:
        raise pytest.UsageError(
            f"{item.nodeid}: isolation({given!r}) is no level; one of: {', '.join(Level)}"
        ) from None
