"""Ask a server, once, whether it answers."""

import select
import time

from handrail.core.readiness import exchange
from handrail.model.services import Address, Ready
from handrail.services.attempts import Attempt


def answers(address: Address, ready: Ready, *, within_s: float = 2.0) -> bool:
    """Whether it does, in its own protocol. True where there is nothing to ask."""
    asked = exchange(ready)
    if asked is None:
        return True
    ends_at = time.monotonic() + within_s
    attempt = Attempt(address, asked, ends_at)
    try:
        while (verdict := attempt.advance()) is None and time.monotonic() < ends_at:
            poll = select.poll()
            poll.register(attempt.descriptor, attempt.events)
            poll.poll(max(0.0, ends_at - time.monotonic()) * 1000)
        return bool(verdict)
    finally:
        attempt.close()
