"""Where the time of a run went, and what to do about it. Every advice with its seconds."""

from collections.abc import Iterator, Mapping, Sequence

from handrail.core.folding import last_attempts
from handrail.core.profiles import Profile
from handrail.frozen import dataclass
from handrail.model.events import TestFinished
from handrail.model.records import RunRecord

LEAST_S = 0.05
"""Advice that is worth less is not given."""
LEAST_SHARE = 0.05
"""Nor what is less than this share of the run."""
MOST = 10
"""Advice that is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the run. ``seconds`` of wall time, or of workers."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Something that costs ``seconds``, and what to do about it."""

    code: str
    """Stable word for machines: ``sleep``, ``session-fixture``, ..."""
    seconds: float
    """Of workers for what happens in tests, of the wall for collection and for what bounds a run."""
    what: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Where a run's time went."""

    wall: tuple[Part, ...]
    """Parts of the wall time, in their order: to the collection's end, tests, the end."""
    workers: int
    busy: tuple[Part, ...]
    """Seconds of workers while tests ran: set-up, call, teardown, and idle."""
    modules: tuple[Part, ...]
    """The longest first."""
    tests: tuple[Part, ...]
    advice: tuple[Advice, ...]


def spending(record: RunRecord, profile: Profile | None = None) -> Spending:
    """Of a run that has ended. What only a profile knows is left out where there is none."""
    attempts = list(record.finished)
    workers = max(1, len({each.worker for each in attempts}))
    collected_at = record.collected.at if record.collected else record.started.at
    last_at = max((each.at for each in attempts), default=collected_at)
    ran_s = max(0.0, last_at - collected_at)
    wall = (
        Part(name="collection and start", seconds=max(0.0, collected_at - record.started.at)),
        Part(name="tests", seconds=ran_s),
        Part(name="end", seconds=max(0.0, record.last_at - last_at)),
    )
    phases = [sum(each.phases[n] for each in attempts) for n in range(3)]
    idle_s = max(0.0, workers * ran_s - sum(each.duration_s for each in attempts))
    names = ("set-up", "call", "teardown", "idle")
    busy = tuple(
        Part(name=name, seconds=seconds)
        for name, seconds in zip(names, (*phases, idle_s), strict=True)
    )
    modules = _longest(_by_module(attempts))
    tests = _longest({name: each.duration_s for name, each in last_attempts(record).items()})
    found = [
        *_of_run(record, workers, ran_s, modules, tests),
        *(_of_profile(profile) if profile else ()),
    ]
    least_s = max(LEAST_S, LEAST_SHARE * record.elapsed_s)
    worth = sorted((each for each in found if each.seconds >= least_s), key=lambda a: -a.seconds)
    return Spending(
        wall=wall,
        workers=workers,
        busy=busy,
        modules=modules,
        tests=tests,
        advice=tuple(worth[:MOST]),
    )


def _by_module(attempts: Sequence[TestFinished]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in attempts:
        module = each.test.partition("::")[0]
        found[module] = found.get(module, 0.0) + each.duration_s
    return found


def _longest(seconds: Mapping[str, float]) -> tuple[Part, ...]:
    ranked = sorted(seconds.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Part(name=name, seconds=each) for name, each in ranked[:MOST])


def _of_run(
    record: RunRecord, workers: int, ran_s: float, modules: Sequence[Part], tests: Sequence[Part]
) -> Iterator[Advice]:
    collection_s = record.collected.duration_s if record.collected else 0.0
    if collection_s > record.elapsed_s / 3:
        yield Advice(
            code="collection",
            seconds=collection_s,
            what=f"collection takes {_share(collection_s, record.elapsed_s)} of the run",
            todo="import less at the top of test modules and conftests; --profile time names imports",
        )
    if workers < 2 or not tests:
        return
    even_s = sum(each.duration_s for each in record.finished) / workers
    if tests[0].seconds > 0.8 * ran_s:
        yield Advice(
            code="long-test",
            seconds=max(0.0, ran_s - even_s),
            what=f"{tests[0].name} alone takes {_share(tests[0].seconds, ran_s)} of the time that tests ran",
            todo="split it; no number of workers makes the run shorter than this test",
        )
    elif modules[0].seconds > 0.8 * ran_s and _is_on_one_worker(record, modules[0].name):
        yield Advice(
            code="long-module",
            seconds=max(0.0, ran_s - even_s),
            what=f"{modules[0].name} ran on one worker for {_share(modules[0].seconds, ran_s)} of the time "
            "that tests ran",
            todo="split it, or narrow its module and class fixtures so that workers can share its tests",
        )


def _is_on_one_worker(record: RunRecord, module: str) -> bool:
    own = {each.worker for each in record.finished if each.test.partition("::")[0] == module}
    return len(own) == 1


def _of_profile(profile: Profile) -> Iterator[Advice]:
    for fixture in profile.fixtures:
        each_s = fixture.seconds / fixture.count
        place = f" of {fixture.where}" if fixture.where else ""
        if fixture.scope in {"session", "package"} and fixture.workers > 1:
            yield Advice(
                code="session-fixture",
                seconds=fixture.seconds - each_s,
                what=f"the {fixture.scope} fixture {fixture.name}{place} was set up "
                f"{fixture.count} times, in {fixture.workers} workers",
                todo="make it quicker, build once into a file that all workers read, or use a service",
            )
        elif fixture.scope == "function" and fixture.count > 1:
            yield Advice(
                code="fixture",
                seconds=fixture.seconds - each_s,
                what=f"the fixture {fixture.name}{place} was set up {fixture.count} times",
                todo='widen its scope to "module" if its tests do not change what it makes',
            )
    for sleep in profile.sleeps:
        yield Advice(
            code="sleep",
            seconds=sleep.seconds,
            what=f"{sleep.where} slept {_times(sleep.count)}",
            todo="wait for what the test waits for: an event, a condition, a readiness probe",
        )
    for each in profile.imports:
        yield Advice(
            code="import",
            seconds=each.own_s,
            what=f"the import of {each.module} takes long by itself",
            todo="import it where it is used, or a smaller part of it",
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "all"
