"""Whether the shards of a build, put together, ran every test exactly once."""

from collections import Counter
from collections.abc import Iterator, Sequence

from handrail.frozen import dataclass
from handrail.model.events import Collected, Event, Note, RunProblem, RunStarted
from handrail.model.outcomes import Verdict
from handrail.model.shards import Shard, count_of, parse_shard

NAMED = 3
"""So many modules or tests are named in one sentence."""
_AGAIN = "run the shards again, all of the same commit and with the same file of recorded times"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    started: RunStarted
    shard: Shard
    collected: Collected | None

    @property
    def about(self) -> str:
        return f"shard {self.shard} (run {self.started.run_id})"


def selection_of(started: RunStarted) -> tuple[str, ...]:
    """What the caller named, but for the shard."""
    own = f"--shard {started.shard}"
    return tuple(each for each in started.selection if not started.shard or each != own)


def shards_of(starts: Sequence[RunStarted]) -> str:
    """``1-5/5`` for runs that are all shards of five; else nothing."""
    of = {each.shard.partition("/")[2] for each in starts}
    return f"1-{max(of)}/{max(of)}" if len(of) == 1 and "" not in of else ""


def prove(logs: Sequence[Sequence[Event]], at: float) -> list[Event]:
    """What is wrong with the shards among these runs; or a note that every test ran exactly once.

    Shards of different tiers, selections or Pythons are builds of their own. Nothing if none of the
    runs is a shard.
    """
    builds: dict[tuple[object, ...], list[_Run]] = {}
    for log in logs:
        started = log[0]
        if isinstance(started, RunStarted) and started.shard:
            found = next((each for each in log if isinstance(each, Collected)), None)
            run = _Run(started=started, shard=parse_shard(started.shard), collected=found)
            builds.setdefault(_build(started), []).append(run)
    told: list[Event] = []
    for runs in builds.values():
        runs.sort(key=lambda run: (run.shard.of, run.shard.number, run.started.at))
        problems = list(_problems(runs, at))
        told += problems or [_proof(runs, at)]
    return told


def _build(started: RunStarted) -> tuple[object, ...]:
    env = [started.env.get(key, "") for key in ("python", "platform")]
    return (started.tiers, selection_of(started), *env)


def _proof(runs: Sequence[_Run], at: float) -> Note:
    whole = runs[0].collected.whole if runs[0].collected else {}
    text = f"{len(runs)} shards: each of {count_of(whole)} tests was given to exactly one of them"
    return Note(at=at, text=text, code="shards")


def _problems(runs: Sequence[_Run], at: float) -> Iterator[RunProblem]:
    for code, message in _wrong(runs):
        yield RunProblem(at=at, verdict=Verdict.INFRA_ERROR, code=code, message=message, fix=_AGAIN)


def _wrong(runs: Sequence[_Run]) -> Iterator[tuple[str, str]]:
    sizes = sorted({run.shard.of for run in runs})
    if len(sizes) > 1:
        shown = ", ".join(run.about for run in runs)
        yield "shards-differ", f"these are not shards of one build: {shown}"
        return
    there = Counter(run.shard.number for run in runs)
    for number in range(1, sizes[0] + 1):
        if number not in there:
            yield "shard-missing", f"shard {number}/{sizes[0]} is missing: its tests did not run"
    for number, count in there.items():
        if count > 1:
            names = ", ".join(run.started.run_id for run in runs if run.shard.number == number)
            yield "shard-twice", f"shard {number}/{sizes[0]} is there {count} times: runs {names}"
    for run in runs:
        if run.collected is None:
            yield "shard-missing", f"{run.about} ended before it had found its tests"
    yield from _unequal([run for run in runs if run.collected is not None])


def _unequal(runs: Sequence[_Run]) -> Iterator[tuple[str, str]]:
    """Whether all have found the same tests, and whether each of these is in one plan."""
    if not runs or runs[0].collected is None:
        return
    first, *others = runs
    whole = runs[0].collected.whole
    for run in others:
        mine = run.collected.whole if run.collected else {}
        modules = sorted(name for name in {*whole, *mine} if whole.get(name) != mine.get(name))
        if modules:
            yield (
                "shards-differ",
                f"{first.about} and {run.about} found different tests in {_named(modules)}",
            )
            return
    planned = Counter(test for run in runs if run.collected for test in set(run.collected.tests))
    twice = sorted(test for test, count in planned.items() if count > 1)
    if twice:
        yield "shards-overlap", f"more than one shard was given {_named(twice)}"
    is_all = {run.shard.number for run in runs} == set(range(1, first.shard.of + 1))
    if not is_all or any(run.started.rerun_of for run in runs):
        return  # what is missing is told already, or was done before
    given = Counter(test.partition("::")[0] for test in planned)
    lacking = sorted(
        module for module, each in whole.items() if given[module] < count_of({module: each})
    )
    if lacking:
        yield "shards-lack", f"no shard was given some tests of {_named(lacking)}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
