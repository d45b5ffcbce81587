"""Several runs as one: the shards of a build, the cells of a matrix."""

from collections import Counter
from collections.abc import Iterator, Sequence

from handrail.core.folding import is_bad
from handrail.core.narrowing import told_once
from handrail.core.shard_proof import prove, selection_of, shards_of
from handrail.frozen import replace
from handrail.model.events import (
    Collected,
    CollectionFailed,
    Event,
    Narrowed,
    Note,
    Progress,
    RunFinished,
    RunProblem,
    RunStarted,
    SessionFinished,
    TestFinished,
    Verified,
    Withheld,
)
from handrail.model.outcomes import Verdict


def merge(
    logs: Sequence[Sequence[Event]], run_id: str, *, expected: int | None = None
) -> list[Event]:
    """The events of one run that did what all of these did; no verdict yet.

    ``expected``: so many there have to be; another number is a problem of the run.
    A test that several of them ran fails if it failed in any: nothing that went wrong is hidden.
    Shards must add up: what is missing, or there twice, is a problem of the run.
    Raises: ValueError if a log does not begin with ``RunStarted``, or there is none.
    """
    starts = [_start(log) for log in logs]
    at = max(event.at for log in logs for event in log)
    merged: list[Event] = [_started(starts, run_id)]
    found = [each for log in logs for each in log if isinstance(each, Collected)]
    if found:
        merged.append(_collected(found))
    merged += sorted(_kept(logs), key=_order)
    merged += told_once([event for log in logs for event in log])
    merged += _cut_off(logs, starts, at)
    merged += prove(logs, at)
    if expected not in {None, len(logs)}:
        merged.append(_miscounted(len(logs), expected, at))
    ends = [each for log in logs for each in log if isinstance(each, SessionFinished)]
    if len(ends) == len(logs):
        worst = max(each.pytest_exit for each in ends)
        merged.append(replace(ends[0], at=at, pytest_exit=worst, services=_services(ends)))
    return merged


def _services(ends: Sequence[SessionFinished]) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for service, backends in (pair for each in ends for pair in each.services.items()):
        found.setdefault(service, set()).update(backends.split("+"))
    return {service: "+".join(sorted(backends)) for service, backends in sorted(found.items())}


def _miscounted(there: int, expected: int | None, at: float) -> RunProblem:
    return RunProblem(
        at=at,
        verdict=Verdict.INFRA_ERROR,
        code="runs-missing" if expected and there < expected else "runs-too-many",
        message=f"{there} runs are there, and {expected} were expected",
        fix="look for a job that was skipped, cancelled, or ended before it kept its run",
    )


def _start(log: Sequence[Event]) -> RunStarted:
    if log and isinstance(log[0], RunStarted):
        return log[0]
    raise ValueError("a run begins with RunStarted")


def _started(starts: Sequence[RunStarted], run_id: str) -> RunStarted:
    first = min(starts, key=lambda each: each.at)
    return replace(
        first,
        run_id=run_id,
        tiers=tuple(dict.fromkeys(tier for each in starts for tier in each.tiers)),
        selection=tuple(dict.fromkeys(word for each in starts for word in selection_of(each))),
        budget_s=None,
        usual_s=None,
        shard=shards_of(starts),
        quarantine=tuple(dict.fromkeys(entry for each in starts for entry in each.quarantine)),
        fail_on=tuple(dict.fromkeys(word for each in starts for word in each.fail_on)),
    )


def _collected(found: Sequence[Collected]) -> Collected:
    withheld: dict[tuple[str | None, str], Withheld] = {}
    for each in (one for collected in found for one in collected.withheld):
        key = (each.tier, each.reason)
        if key not in withheld or withheld[key].count < each.count:
            withheld[key] = each
    return replace(
        found[0],
        tests=tuple(dict.fromkeys(test for each in found for test in each.tests)),
        withheld=tuple(withheld.values()),
        deselected=min(each.deselected for each in found),
        workers=sum(each.workers for each in found),
        estimate_s=None,
        usual_s=(),
        tier_of=(),
        whole={},
    )


def _kept(logs: Sequence[Sequence[Event]]) -> Iterator[Event]:
    dropped = (RunStarted, Collected, Narrowed, Progress, SessionFinished, Verified, RunFinished)
    most: Counter[str] = Counter()
    for attempt in _attempts(logs):
        most[attempt.test] = max(most[attempt.test], attempt.attempt)
    broken: set[tuple[str, str]] = set()
    for log in logs:
        last = {attempt.test: attempt for attempt in _attempts([log])}
        for event in log:
            if isinstance(event, dropped):
                continue
            if isinstance(event, CollectionFailed):
                known = (event.node, event.problem.message)
                if known in broken:
                    continue  # every shard collects everything
                broken.add(known)
            if isinstance(event, TestFinished) and event is last[event.test] and is_bad(event):
                # Another run that tried more often does not outdo the failure of this one.
                yield replace(event, attempt=most[event.test])
            else:
                yield event


def _attempts(logs: Sequence[Sequence[Event]]) -> Iterator[TestFinished]:
    return (each for log in logs for each in log if isinstance(each, TestFinished))


def _order(event: Event) -> tuple[int, int, bool, float]:
    """By time, but of one test's attempts the bad ones last, where they count."""
    if isinstance(event, TestFinished):
        return 1, event.attempt, is_bad(event), event.at
    return 0, 0, False, event.at


def _cut_off(
    logs: Sequence[Sequence[Event]], starts: Sequence[RunStarted], at: float
) -> Iterator[Event]:
    for log, start in zip(logs, starts, strict=True):
        if not any(isinstance(each, (SessionFinished, RunFinished)) for each in log):
            yield RunProblem(
                at=at,
                verdict=Verdict.INFRA_ERROR,
                code="cut-off",
                message=f"run {start.run_id} was cut off: its log has no end",
                fix="run it again, and merge once more",
            )
    times = Counter(test for log in logs for test in {each.test for each in _attempts([log])})
    twice = [test for test, count in times.items() if count > 1]
    if twice:
        text = f"{len(twice)} tests ran in more than one of the merged runs: {twice[0]}"
        yield Note(at=at, text=text, code="ran-twice", is_warning=True)
