"""The vocabulary of shards: machines that share the tests of one build."""

from collections.abc import Mapping

from handrail.frozen import dataclass

MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One of ``of`` machines; ``number`` counts from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def parse_shard(text: str) -> Shard:
    """``2/5``. Raises: ValueError."""
    number, slash, of = text.partition("/")
    if not slash or not (number.isdecimal() and of.isdecimal()):
        raise ValueError(text)
    if not 1 <= int(number) <= int(of) <= MOST:
        raise ValueError(text)
    return Shard(number=int(number), of=int(of))


def count_of(collection: Mapping[str, str]) -> int:
    """How many tests a collection has in all: of each module, their number, a dash and a checksum."""
    return sum(int(each.partition("-")[0]) for each in collection.values())
