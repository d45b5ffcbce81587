"""What history teaches a session, which hears it while it starts."""

from handrail.execution import wire
from handrail.model.spec import Lessons


class Later:
    """Lessons of history that arrive through a descriptor while pytest starts."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._found: Lessons | None = None

    def get(self) -> Lessons:
        """The lessons; waits for them once. None came: nothing is known."""
        if self._found is None:
            message = wire.receive(self._descriptor) if self._descriptor is not None else None
            self._found = message[0] if message else Lessons(usual_s={}, failed=frozenset())
        return self._found
