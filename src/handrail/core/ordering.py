"""A random order that a seed repeats: decided by names alone, so that every process finds the same.

The order is that of a tree: folders, modules, classes, tests. At each level the branches are sorted by
a hash of the seed and their names, and no branch is cut: what shares a fixture of its package, module or
class stays together. Whether one test comes before another depends on nothing but the seed and these two
names: a run of some of the tests has them in the order in which a run of all has them.
"""

from collections.abc import Iterator, Mapping, Sequence

from handrail.frozen import dataclass

RANDOM = "random"
SEED_BITS = 32
"""Of a seed that is drawn."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test stands in the tree."""

    nodeid: str
    groups: tuple[str, str] = ("", "")
    """Parameters of fixtures that outlive a test: of its module or more, and of its class."""


def shuffled(places: Sequence[Place], seed: int) -> list[int]:
    """The positions of ``places`` in the order of this seed. Equal names keep their order."""
    from hashlib import blake2b  # 4 MiB, which a run in the usual order does without

    numbers: dict[str, tuple[bytes, str]] = {}
    key = str(seed).encode()

    def rank(branch: str) -> tuple[bytes, str]:
        if branch not in numbers:
            name = branch.encode("utf-8", "surrogatepass")
            numbers[branch] = (blake2b(name, digest_size=8, key=key).digest(), branch)
        return numbers[branch]

    ranks = [[rank(branch) for branch in _branches(place)] for place in places]
    return sorted(range(len(places)), key=ranks.__getitem__)


def _branches(place: Place) -> Iterator[str]:
    """Every branch that leads to the test, from the root, by its whole name."""
    path, _, rest = place.nodeid.partition("::")
    *folders, _module = path.split("/")
    for depth in range(len(folders)):
        yield "/".join(folders[: depth + 1])
    yield path
    outer, inner = place.groups
    yield f"{path}\0{outer}"
    *classes, _test = rest.partition("[")[0].split("::")
    for depth in range(len(classes)):
        yield f"{path}\0{outer}\0{'::'.join(classes[: depth + 1])}"
    yield f"{path}\0{outer}\0{'::'.join(classes)}\0{inner}"
    yield place.nodeid


def is_order(text: str) -> bool:
    """Whether this names an order: ``random`` or ``random:SEED``."""
    name, separator, seed = text.partition(":")
    return name == RANDOM and (not separator or (seed.isascii() and seed.isdecimal()))


def seed_of(order: str) -> int | None:
    """The seed that an order names; None if one is to be drawn."""
    seed = order.partition(":")[2]
    return int(seed) if seed else None


def order_of(env: Mapping[str, str]) -> str:
    """The order of a run, as one asks for it again; empty if it was the usual one."""
    return f"{RANDOM}:{env['seed']}" if env.get("seed") else ""


def with_seed(given: Sequence[str], seed: int) -> tuple[str, ...]:
    """A command line that asks for a random order, with the seed that was drawn for it."""
    words = list(given)
    end = words.index("--") if "--" in words else len(words)
    for place, word in enumerate(words[:end]):
        if word == f"--order={RANDOM}":
            words[place] = f"--order={RANDOM}:{seed}"
        elif word == RANDOM and place and words[place - 1] == "--order":
            words[place] = f"{RANDOM}:{seed}"
    return tuple(words)
