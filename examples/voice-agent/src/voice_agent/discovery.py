"""Who is there: services announce themselves in Redis, for a short time, again and again."""

from collections.abc import Callable, Sequence

from redis.asyncio import Redis

PREFIX = "voice-agent"


class NobodyError(Exception):
    """No service of this kind is announced."""


class Book:
    """The announcements. Whoever does not renew its own in time is not in it any more."""

    def __init__(self, redis: Redis, ttl_s: float) -> None:
        self._redis = redis
        self._ttl_ms = int(ttl_s * 1000)

    async def announce(self, kind: str, address: str) -> None:
        """Be found, until the time to live is over."""
        await self._redis.set(f"{PREFIX}:{kind}:{address}", "", px=self._ttl_ms)

    async def withdraw(self, kind: str, address: str) -> None:
        """Be found no more, at once."""
        await self._redis.delete(f"{PREFIX}:{kind}:{address}")

    async def find(self, kind: str) -> list[str]:
        """The addresses of all that are there, sorted."""
        start = f"{PREFIX}:{kind}:"
        keys = [key.decode() async for key in self._redis.scan_iter(f"{start}*", count=1000)]
        return sorted(key.removeprefix(start) for key in set(keys))


class Heartbeat:
    """When an announcement must be renewed: three times in its life, so that two may be missed."""

    def __init__(self, ttl_s: float) -> None:
        self._every_s = ttl_s / 3
        self._due_at: float | None = None

    def is_due(self, now: float) -> bool:
        """Whether to announce now."""
        return self._due_at is None or now >= self._due_at

    def announced(self, now: float) -> None:
        """It was announced."""
        self._due_at = now + self._every_s

    def wait_s(self, now: float) -> float:
        """How long there is nothing to do."""
        return 0.0 if self._due_at is None else max(0.0, self._due_at - now)


class Chooser:
    """Takes turns between those that are there, without those that were seen to be gone."""

    def __init__(self, clock: Callable[[], float], ttl_s: float) -> None:
        self._clock = clock
        self._ttl_s = ttl_s
        self._gone_until: dict[str, float] = {}
        self._turn = 0

    def lost(self, address: str) -> None:
        """It did not answer: leave it alone until its announcement must be over."""
        self._gone_until[address] = self._clock() + self._ttl_s

    def choose(self, kind: str, addresses: Sequence[str]) -> str:
        """One of them.

        Raises: NobodyError if none is left.
        """
        now = self._clock()
        self._gone_until = {each: at for each, at in self._gone_until.items() if at > now}
        there = [each for each in addresses if each not in self._gone_until]
        if not there:
            raise NobodyError(f"no {kind} is announced")
        self._turn += 1
        return there[self._turn % len(there)]
