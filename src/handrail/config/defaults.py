"""The tiers and the gate that exist where a project configures none."""

from typing import NamedTuple

from handrail.model.tiers import Gate, Place, Tier

HEAVY_MARKERS = (
    "cloud",
    "chaos",
    "operational",
    "infrastructure",
    "terraform",
    "soak",
    "load",
    "localstack",
    "gpu",
    "grpc",
    "e2e",
    "integration",
    "slow",
)
"""Markers that keep a test out of the fast tier, the most dangerous first. A test that has several
belongs to the tier of the first one, and to no other."""

DESTRUCTIVE = Gate(
    name="destructive",
    require="person",
    expires_s=15 * 60.0,
    only_hosts=("localhost", "127.0.0.1", "::1", "*.test", "*.localhost"),
    deny_env=("*PROD*",),
)

GATES = (DESTRUCTIVE,)

RECIPES = ("postgres", "redis", "valkey", "mariadb", "nats", "s3", "mqtt", "kafka")
"""Services that a tier may name without a table of their own."""
WITH_CONNECTIONS = ("postgres", "redis", "valkey", "mariadb")
"""Those of them whose sessions can be counted out."""


class _Heavy(NamedTuple):
    """What distinguishes one heavy tier from the next."""

    about: str
    timeout_s: float
    parallel: int | None = None
    gate: str | None = None
    never_on: frozenset[Place] = frozenset()


_HEAVY = {
    "cloud": _Heavy("real cloud accounts", 600.0, 1, "destructive"),
    "chaos": _Heavy("kills services, breaks networks, fills disks", 60.0, 1, "destructive"),
    "operational": _Heavy("backups, upgrades, disaster drills", 300.0, 1, "destructive"),
    "infrastructure": _Heavy("containers, hosts and networks", 900.0, 1, "destructive"),
    "terraform": _Heavy("plans and applies infrastructure", 900.0, 1, "destructive"),
    "soak": _Heavy("runs for hours, looks for leaks", 86400.0, 1, None, frozenset({Place.LOCAL})),
    "load": _Heavy("measures throughput and latency", 1800.0, 1),
    "localstack": _Heavy("cloud APIs, emulated on this machine", 120.0),
    "gpu": _Heavy("needs a graphics card", 300.0, 1),
    "grpc": _Heavy("talks to gRPC servers", 60.0),
    "e2e": _Heavy("the whole product, from outside", 120.0),
    "integration": _Heavy("several parts, with real services", 60.0),
    "slow": _Heavy("takes longer than anybody likes to wait", 300.0),
}


def _heavy_tier(marker: str) -> Tier:
    worse = HEAVY_MARKERS[: HEAVY_MARKERS.index(marker)]
    heavy = _HEAVY[marker]
    return Tier(
        name=marker,
        select=f"{marker} and not ({' or '.join(worse)})" if worse else marker,
        about=heavy.about,
        timeout_s=heavy.timeout_s,
        parallel=heavy.parallel,
        gate=heavy.gate,
        never_on=heavy.never_on,
    )


TIERS = (
    Tier(
        name="fast",
        select=f"not ({' or '.join(HEAVY_MARKERS)})",
        about="no heavy marker: no services, no waiting",
    ),
    *(_heavy_tier(marker) for marker in reversed(HEAVY_MARKERS)),
)
"""Harmless first; every test belongs to exactly one."""
