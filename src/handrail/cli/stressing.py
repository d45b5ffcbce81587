"""``handrail flaky stress``: repeat tests under varied circumstances, and see which make them fail."""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from random import Random

from handrail.app.stressing import Stress, Wanted
from handrail.cli.trying import Asked, asked
from handrail.core.stressing import Failure, Stressed, Tally, Variation
from handrail.errors import ExitCode, UsageError
from handrail.execution import limits
from handrail.execution.faking import at_another_time, faketime_library
from handrail.execution.stress_pool import Pool
from handrail.execution.trying import TrialSession
from handrail.frozen import dataclass
from handrail.reporters.json_report import text
from handrail.reporters.stress import document, stress
from handrail.runs.naming import new_run_id
from handrail.wiring import Wiring, wire

RUNS = 100
BEAT_S = 5.0


def stress_tests(arguments: argparse.Namespace) -> ExitCode:
    """Repeat, and say what was found: exit 1 if any run failed, 4 if none ran."""
    wiring = wire(arguments.folder)
    library = faketime_library()
    processors = max(1, round(limits.available_processors()))
    wanted = _wanted(arguments, library, processors)
    arguments.targets = _modules(arguments.tests)
    what = asked(arguments, wiring)

    def begin(environ: Mapping[str, str]) -> TrialSession:
        # Python draws one hash seed for a session: of the shared one it must not be chance.
        seeded = {"PYTHONHASHSEED": wiring.environ.get("PYTHONHASHSEED", "0"), **environ}
        return TrialSession(what.pytest_arguments(), wiring.folder, what.spec, seeded)

    with Pool(begin) as pool:
        found = Stress(
            wanted=wanted,
            pool=pool,
            on_run=_Progress(time.monotonic(), wanted.most_runs).tell,
            again=lambda failure, tests, shuffler: _again(failure, tests, what, shuffler),
        ).run()
    _remember(found, wiring)
    print(text(document(found)) if arguments.is_json else stress(found))
    return _exit_code(found)


def _remember(found: Stressed, wiring: Wiring) -> None:
    """Runs in which nothing was varied count as attempts."""
    from handrail.app.remembering_stress import remember_stress
    from handrail.cli.following import environment_of

    run_id = f"stress-{new_run_id((), Random())}"
    if said := remember_stress(found, wiring.history, environment_of(wiring), run_id, time.time()):
        print(f"history: {said}", file=sys.stderr)


def _exit_code(found: Stressed) -> ExitCode:
    if not found.runs:
        return ExitCode.NOTHING_RAN
    return ExitCode.FAILED if found.failed else ExitCode.PASSED


def _wanted(arguments: argparse.Namespace, library: str, processors: int) -> Wanted:
    asked_for = tuple(Variation(each) for each in arguments.vary)
    if arguments.date:
        asked_for = (*dict.fromkeys((*asked_for, Variation.CLOCK)),)
    left_out = {}
    if not library and (not asked_for or Variation.CLOCK in asked_for):
        left_out["clock"] = "clock: faketime is not installed"
    chosen = [
        each for each in (asked_for or tuple(Variation)) if each is not Variation.CLOCK or library
    ]
    if not chosen:
        raise UsageError(
            "none of these variations can be had here",
            where="; ".join(left_out.values()),
            hint="install faketime, or vary something else",
        )
    is_open = arguments.for_s is not None or arguments.until_failure
    return Wanted(
        named=tuple(arguments.tests),
        variations=tuple(chosen),
        most_runs=arguments.times or (None if is_open else RUNS),
        for_s=arguments.for_s,
        stops_at_failure=arguments.until_failure,
        at_once=arguments.workers or processors,
        burners=2 * processors,
        limit_s=arguments.timeout,
        clock=partial(at_another_time, library),
        date=arguments.date or "",
        left_out=left_out,
    )


def _modules(tests: Sequence[str]) -> list[str]:
    """What must be collected for these: whole modules, as tests may run among their mates."""
    return list(dict.fromkeys(each.partition("::")[0] for each in tests))


def _again(failure: Failure, tests: Sequence[str], what: Asked, shuffler: str) -> tuple[str, ...]:
    if failure.variation in {Variation.CPU, Variation.SLOW_IO}:
        return ("handrail", "flaky", "stress", failure.test, "--vary", failure.variation.value)
    switch = ("-p", f"no:{shuffler}") if shuffler else ()
    run = ("handrail", "run", "-n", "0", *what.options, *switch)
    match failure.variation:
        case Variation.ORDER:
            return (*run, "--order", f"random:{failure.detail}", *_modules(tests))
        case Variation.HASH_SEED:
            return ("env", f"PYTHONHASHSEED={failure.detail}", *run, failure.test)
        case Variation.CLOCK:
            again = ("--date", failure.detail, "-n", "1")
            return ("handrail", "flaky", "stress", failure.test, *again)
        case _:
            return ("handrail", "flaky", "stress", failure.test, "--vary", "none")


@dataclass(slots=True)
class _Progress:
    """Lines on stderr: the first failure of each variation, and a sign of life now and then."""

    told_at: float
    most: int | None

    def tell(self, number: int, tally: Tally, failure: Failure | None) -> None:
        """A run has ended."""
        now = time.monotonic()
        is_first = failure is not None and tally.failures == 1
        if not is_first and now - self.told_at < BEAT_S:
            return
        self.told_at = now
        of_all = f" of {self.most}" if self.most else ""
        said = f"{tally.failures} of {tally.runs} failed with {tally.variation.value}"
        print(f"run {number}{of_all}: {said}", file=sys.stderr, flush=True)
