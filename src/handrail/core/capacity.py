"""How many workers there is memory for, when each has servers of its own."""

SHARE = 0.8
"""Of what is available, that workers and their servers may take."""
WORKER_BYTES = 100 << 20
"""What a worker itself is taken to need, where tests use services."""


def workers_that_fit(wanted: int, available_bytes: int | None, servers_bytes: int) -> int:
    """``wanted``, or as many as there is room for, but at least one.

    ``available_bytes``: None if the system does not tell. ``servers_bytes``: of one worker; without
    servers nothing is known of what tests need, and there is room for all.
    """
    if available_bytes is None or not servers_bytes:
        return wanted
    room = int(available_bytes * SHARE) // (servers_bytes + WORKER_BYTES)
    return max(1, min(wanted, room))
