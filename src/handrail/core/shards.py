"""Which shard runs which test. Pure: every machine of a build finds the same, alone.

A *piece* stays whole: a module; or, of a module that is long and shares no wide fixture, a class
that shares one, or a single test. Pieces with a recorded time are placed first, by these times
alone, so that a test that is new moves none of them. The rest is placed into the room that is left.
"""

from collections.abc import Iterable, Mapping, Sequence

from handrail.core.scheduling import MODULE_BOND
from handrail.frozen import dataclass
from handrail.model.shards import Shard

EVEN = 0.05
"""By how much of a shard's time the longest and the shortest may differ."""
_CUTS = (1.0, 0.5, 0.25, 0.125, EVEN)
"""Shares of a shard's time; a module that takes longer is cut. Tried in turn until it is even."""
_CUT_BY_COUNT = 0.1
"""The one share where nothing was recorded: to try several would move tests as some are added."""
LEAST_S = 0.0001
"""What a test takes at least: recorded times are rounded to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharded:
    """A test, as far as shards are concerned."""

    __test__ = False

    name: str
    """Node id."""
    bond: str = ""
    """What it shares with its neighbours: its class, or ``MODULE_BOND``."""

    @property
    def module(self) -> str:
        """The node id of its module."""
        return self.name.partition("::")[0]


def shares(tests: Sequence[Sharded], seconds: Mapping[str, float], of: int) -> Mapping[str, int]:
    """The shard of each test, counted from 1, by node id.

    Units: seconds of wall time by node id, as all machines have them; a test that has none takes
    the median of its module, else of all, else every test counts the same.
    Two shards differ by the largest piece at most, or by the error in what is not known.
    Raises: ValueError if ``of`` < 1.
    Source: the order is Graham's (longest first); the preference for one shard, by hash, is that
    of consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018).
    """
    if of < 1:
        raise ValueError(of)
    known = {test.name: max(LEAST_S, seconds[test.name]) for test in tests if test.name in seconds}
    if not known:
        pieces = _pieces(
            tests, dict.fromkeys((test.name for test in tests), 1.0), of, _CUT_BY_COUNT
        )
        placed = _place(_sizes(tests, pieces, dict.fromkeys(pieces, 1.0)), [0.0] * of)
        return {name: placed[piece] + 1 for name, piece in pieces.items()}
    recorded = [test for test in tests if test.name in known]
    for cut in _CUTS:
        pieces = _pieces(tests, known, of, cut)
        loads = [0.0] * of
        placed = _place(_sizes(recorded, pieces, known), loads)
        if max(loads) - min(loads) <= EVEN * sum(loads) / of:
            break
    new = [test for test in tests if pieces[test.name] not in placed]
    placed |= _place(_sizes(new, pieces, _guesses(new, recorded, known)), loads)
    return {name: placed[piece] + 1 for name, piece in pieces.items()}


def _pieces(
    tests: Iterable[Sharded], seconds: Mapping[str, float], of: int, cut: float
) -> dict[str, str]:
    """The piece that each test belongs to. A module that takes longer than ``cut`` shards is cut."""
    took: dict[str, float] = {}
    whole: set[str] = set()
    for test in tests:
        took[test.module] = took.get(test.module, 0.0) + seconds.get(test.name, 0.0)
        if test.bond == MODULE_BOND:
            whole.add(test.module)
    most = cut * sum(sorted(seconds.values())) / of
    return {
        test.name: test.module
        if test.module in whole or took[test.module] <= most
        else test.bond or test.name
        for test in tests
    }


def _sizes(
    tests: Iterable[Sharded], pieces: Mapping[str, str], seconds: Mapping[str, float]
) -> dict[str, float]:
    """What each piece takes. Added up in the order of the names, as everywhere else."""
    found: dict[str, float] = {}
    for name in sorted({test.name for test in tests}):
        found[pieces[name]] = found.get(pieces[name], 0.0) + seconds[name]
    return found


def _guesses(
    new: Iterable[Sharded], recorded: Iterable[Sharded], known: Mapping[str, float]
) -> dict[str, float]:
    import statistics  # and fractions, which a run without shards does without

    by_module: dict[str, list[float]] = {}
    for test in recorded:
        by_module.setdefault(test.module, []).append(known[test.name])
    medians = {module: statistics.median(found) for module, found in by_module.items()}
    usual = statistics.median(known.values())
    return {test.name: medians.get(test.module, usual) for test in new}


def _place(sizes: Mapping[str, float], loads: list[float]) -> dict[str, int]:
    """The shard of each piece, from 0; adds to ``loads``.

    The largest first. Each goes where its name points to, or to the next shard that it does not
    fill beyond its share; where there is none, to the one that has least.
    """
    of = len(loads)
    share = (sum(loads) + sum(sizes.values())) / of * (1 + 1e-9)
    points = {name: _hash(name) for name in sizes}
    placed: dict[str, int] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], points[name], name)):
        turn = [(points[name] + step) % of for step in range(of)]
        fitting = (each for each in turn if loads[each] + sizes[name] <= share)
        chosen = next(fitting, None)
        if chosen is None:
            chosen = min(turn, key=loads.__getitem__)
        loads[chosen] += sizes[name]
        placed[name] = chosen
    return placed


def _hash(text: str) -> int:
    """The same on every machine and in every process."""
    import hashlib  # 4 MiB, which a run without shards does without

    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def collection_of(tests: Iterable[str]) -> dict[str, str]:
    """By module, how many tests it has and a checksum of their names: ``12-0a1b2c3d``.

    By it shards of one build know each other: they have found the same tests.
    """
    by_module: dict[str, list[str]] = {}
    for test in tests:
        by_module.setdefault(test.partition("::")[0], []).append(test)
    return {
        module: f"{len(names)}-{_hash(chr(10).join(sorted(names))) & 0xFFFFFFFF:08x}"
        for module, names in by_module.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one shard is about."""

    shard: Shard
    names: frozenset[str]
    """Its tests."""
    collection: Mapping[str, str]
    """What it took its part of."""
    is_by_time: bool
    """Whether there were recorded times; else every test counts the same."""


def part(tests: Sequence[Sharded], seconds: Mapping[str, float], shard: Shard) -> Part:
    """The tests of a shard."""
    found = shares(tests, seconds, shard.of)
    return Part(
        shard=shard,
        names=frozenset(name for name, number in found.items() if number == shard.number),
        collection=collection_of(test.name for test in tests),
        is_by_time=any(test.name in seconds for test in tests),
    )
