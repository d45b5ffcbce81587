"""What a process is told by its environment: read once, when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class MissingSettingError(Exception):
    """A variable that no process can do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where services find each other, and how long an announcement holds."""

    redis_url: str
    ttl_s: float = 1.5

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read ``VOICE_AGENT_REDIS_URL`` and ``VOICE_AGENT_TTL_S``.

        Raises: MissingSettingError without the first; ValueError for a time that is none.
        """
        if not environ.get("VOICE_AGENT_REDIS_URL"):
            raise MissingSettingError("set VOICE_AGENT_REDIS_URL")
        ttl_s = float(environ.get("VOICE_AGENT_TTL_S", "1.5"))
        if not ttl_s > 0:
            raise ValueError(f"VOICE_AGENT_TTL_S must be more than 0, not {ttl_s}")
        return cls(redis_url=environ["VOICE_AGENT_REDIS_URL"], ttl_s=ttl_s)
