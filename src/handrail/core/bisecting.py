"""Which tests must come before a test for it to fail, or to pass: a search that asks for trials.

No I/O: ``search`` yields what is to be run before the test, and is sent what became of it. One polluter
among n candidates takes about log2(n) trials, k that work together about k * log2(n).
"""

from collections.abc import Generator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import StrEnum

from handrail.frozen import dataclass
from handrail.model.leftovers import Leftover
from handrail.model.outcomes import Problem

MOST_TRIALS = 200
MANY = 100
"""More candidates than these: half of them take longer than some trials that may be in vain."""

Names = tuple[str, ...]


class Kind(StrEnum):
    """What a test's order has to do with its outcome."""

    VICTIM = "victim"
    """It passes alone, and fails after what is needed: polluters."""
    BRITTLE = "brittle"
    """It fails alone, and passes after what is needed: what sets its state up."""
    STEADY_PASS = "steady-pass"  # noqa: S105
    """It passes alone and after everything else."""
    STEADY_FAIL = "steady-fail"
    """It fails alone and after everything else."""
    UNSTEADY = "unsteady"
    """The same trial had two answers: its order does not decide."""
    SILENT = "silent"
    """It does not run here: skipped, say."""
    UNFINISHED = "unfinished"
    """The trials that were allowed did not suffice."""


class Reply(StrEnum):
    """What became of the test in a trial."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = "neither"
    """It was skipped, or not run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a trial."""

    reply: Reply
    ended_by: str = ""
    """A test before the one in question that ended the process, or had to be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """What is known before the search. Orders hold the tests before the one in question."""

    failing: tuple[Names, ...] = ()
    """In runs in which it failed, newest first."""
    passing: tuple[Names, ...] = ()
    """In runs in which it passed."""
    before: Names = ()
    """In the usual order."""
    others: Names = ()
    """Every other test, in the usual order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the search found."""

    kind: Kind
    needed: Names = ()
    """In this order, before the test: polluters of a victim, or what a brittle test needs."""
    left_out: Names = ()
    """Tests that end their process; no trial could have them."""
    trials: int = 0
    tests: int = 0
    """Run in all trials together, the test in question included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a test depends on, and what it took to find out."""

    test: str
    finding: Finding
    is_import: bool = False
    """Whether modules are what is needed: importing them is enough."""
    problem: Problem | None = None
    """How it fails."""
    left: tuple[tuple[str, tuple[Leftover, ...]], ...] = ()
    """What each of the tests that are needed leaves behind."""
    candidates: int = 0
    """Tests that were collected beside it."""
    again: tuple[str, ...] = ()
    """The command that shows it once more."""
    run_id: str = ""
    """The run whose order was searched first."""
    seconds: float = 0.0


Search = Generator[Names, Answer, Finding]


class _Enough(Exception):  # noqa: N818 - nothing is wrong
    """No more trials are allowed."""


class _Asker:
    """Asks for trials: never the same twice, never with a test that ends its process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[Names, Reply] = {}
        self.left_out: dict[str, None] = {}
        self.trials = 0
        self.tests = 0
        self.wanted = Reply.BAD

    def ask(self, before: Sequence[str], *, again: bool = False) -> Generator[Names, Answer, Reply]:
        while True:
            trial = tuple(each for each in before if each not in self.left_out)
            if trial in self._known and not again:
                return self._known[trial]
            if self.trials >= self._most:
                raise _Enough
            answer = yield trial
            self.trials += 1
            self.tests += len(trial) + 1
            if not answer.ended_by:
                self._known[trial] = answer.reply
                return answer.reply
            self.left_out[answer.ended_by] = None

    def hits(self, before: Sequence[str]) -> Generator[Names, Answer, bool]:
        """Whether the test has the outcome then that it has not alone."""
        return (yield from self.ask(before)) is self.wanted


def search(suspects: Suspects, *, most_trials: int = MOST_TRIALS) -> Search:
    """Find what the test depends on. Yields tests to be run before it, in that order."""
    asker = _Asker(most_trials)
    kind, needed = Kind.UNFINISHED, Names()
    with suppress(_Enough):
        kind, needed = yield from _search(asker, suspects)
    return Finding(
        kind=kind,
        needed=needed,
        left_out=tuple(asker.left_out),
        trials=asker.trials,
        tests=asker.tests,
    )


def _search(asker: _Asker, suspects: Suspects) -> Generator[Names, Answer, tuple[Kind, Names]]:
    alone = yield from asker.ask(())
    if alone is Reply.NEITHER:
        return Kind.SILENT, ()
    is_victim = alone is Reply.GOOD
    asker.wanted = Reply.BAD if is_victim else Reply.GOOD
    for candidates in _lists(suspects, is_victim=is_victim):
        hitting, needed = yield from _lone(asker, candidates)
        if needed is None:
            if not (yield from asker.hits(hitting)):
                continue
            needed = yield from _needed(asker, hitting)
        if needed is None or not (yield from _repeats(asker, needed, alone)):
            return Kind.UNSTEADY, ()
        return (Kind.VICTIM if is_victim else Kind.BRITTLE), needed
    return (Kind.STEADY_PASS if is_victim else Kind.STEADY_FAIL), ()


def _repeats(asker: _Asker, needed: Names, alone: Reply) -> Generator[Names, Answer, bool]:
    """Whether the answers that the search ended with come again."""
    if (yield from asker.ask(needed, again=True)) is not asker.wanted:
        return False
    return (yield from asker.ask((), again=True)) is alone


def _lists(suspects: Suspects, *, is_victim: bool) -> list[Names]:
    """Lists of candidates, the most promising first.

    What came before the test when it had the outcome that it has alone is no lone polluter: the
    recorded order is tried without those first.
    """
    hits, misses = suspects.failing, suspects.passing
    if not is_victim:
        hits, misses = misses, hits
    cleared = frozenset[str]().union(*misses)
    recorded = sorted(hits, key=lambda order: len(_without(order, cleared)))
    found = [
        *(_without(order, cleared) for order in recorded[:1]),
        *recorded[:2],
        suspects.before,
        suspects.others,
    ]
    return [each for each in dict.fromkeys(found) if each]


def _without(order: Names, names: AbstractSet[str]) -> Names:
    return tuple(each for each in order if each not in names)


def _lone(asker: _Asker, candidates: Names) -> Generator[Names, Answer, tuple[Names, Names | None]]:
    """One of ``candidates`` that hits alone, or None; and the fewest that are known to hit, or all.

    It is taken for granted that what one half does not do, the other does: so each trial runs half
    the tests of the one before. Whether that was right shows in the end. Of few candidates the first
    halves are both tried: if neither hits, that was not right, and is known at once.
    """
    first, second = _halves(candidates)
    is_first = bool(first) and (yield from asker.hits(first))
    if not is_first and len(candidates) <= MANY and not (yield from asker.hits(second)):
        return candidates, None
    half = rest = first if is_first else second
    while len(rest) > 1:
        one, other = _halves(rest)
        rest = one if (yield from asker.hits(one)) else other
    is_lone = yield from asker.hits(rest)
    is_known = is_first or is_lone or (yield from asker.hits(half))
    return half if is_known else candidates, rest if is_lone else None


def _halves(names: Names) -> tuple[Names, Names]:
    middle = len(names) // 2
    return names[:middle], names[middle:]


def _needed(asker: _Asker, candidates: Names) -> Generator[Names, Answer, Names | None]:
    """The fewest of ``candidates``, which hit all together, that hit; None if that does not repeat."""
    found = yield from _by_prefixes(asker, candidates)
    if found is None:
        found = yield from _by_parts(asker, candidates)
    if len(found) > 1:
        for each in found:
            rest = tuple(other for other in found if other != each)
            if (yield from asker.hits(rest)):
                found = rest
    return found if found and (yield from asker.hits(found)) else None


def _by_prefixes(asker: _Asker, candidates: Names) -> Generator[Names, Answer, Names | None]:
    """The last one needed is the end of the shortest beginning that hits; so on with what is before it.

    None where a longer beginning hits less: a test in between undoes what is needed.
    """
    rest, needed = candidates, Names()
    while rest and not (needed and (yield from asker.hits(needed))):
        low, high = 1, len(rest)
        while low < high:
            middle = (low + high) // 2
            if (yield from asker.hits((*rest[:middle], *needed))):
                high = middle
            else:
                low = middle + 1
        needed = (rest[low - 1], *needed)
        rest = rest[: low - 1]
    return needed if (yield from asker.hits(needed)) else None


def _by_parts(asker: _Asker, candidates: Names) -> Generator[Names, Answer, Names]:
    """Leave out ever smaller parts, as long as the rest hits.

    Source: Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing input".
    """
    found, parts = candidates, 2
    while len(found) > 1:
        size = -(-len(found) // parts)
        for start in range(0, len(found), size):
            rest = (*found[:start], *found[start + size :])
            if (yield from asker.hits(rest)):
                found, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(found))
    return found
