"""``handrail flaky bisect TEST``: which tests must come before it for it to fail, or to pass."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from handrail.app.bisecting import Bisection
from handrail.cli.trying import Asked, asked
from handrail.core.bisecting import Finding, Kind, Reply
from handrail.core.recorded import Recorded, recorded
from handrail.errors import ExitCode
from handrail.execution.prestart import Prestarted
from handrail.execution.trying import TrialSession
from handrail.frozen import replace
from handrail.model.trials import Found
from handrail.reporters.bisection import bisection, document
from handrail.reporters.json_report import text
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring, wire

RUNS = 20
"""Runs that are looked at, newest first."""
_REPLIES = {Reply.GOOD: "passes", Reply.BAD: "fails", Reply.NEITHER: "does not run"}


def bisect(arguments: argparse.Namespace, started: Prestarted) -> ExitCode:
    """Search, and say what was found: exit 0 if that is an answer, 1 if it is none.

    ``started``: the Python of the first session.
    """
    wiring = wire(arguments.folder)
    known = list(_known(wiring, arguments))
    base = next((each for each in known if each[1].outcome.is_bad), next(iter(known), None))
    given = () if arguments.targets or arguments.tier or base is None else base[1].started.arguments
    what = asked(arguments, wiring, given)

    def begin(modules: Sequence[str]) -> TrialSession:
        first = None if started.is_taken else started
        return TrialSession(what.pytest_arguments(modules), wiring.folder, what.spec, started=first)

    bisection_ = Bisection(
        test=arguments.test,
        begin=begin,
        limit_s=arguments.timeout,
        most_trials=arguments.runs,
        on_trial=_tell,
        again=lambda found, finding: _again(arguments.test, what, found, finding),
    )
    discovery = bisection_.run([each for _, each in known])
    if base is not None:
        discovery = replace(discovery, run_id=base[0].run_id)
    if arguments.is_json:
        print(text(document(discovery)))
    else:
        print(bisection(discovery))
    is_answer = discovery.finding.kind in {Kind.VICTIM, Kind.BRITTLE}
    return ExitCode.PASSED if is_answer else ExitCode.FAILED


def _known(wiring: Wiring, arguments: argparse.Namespace) -> Iterator[tuple[RunFolder, Recorded]]:
    """Runs that came to the test, newest first, or the one that is named."""
    named = [wiring.find(arguments.run)] if arguments.run else []
    for folder in named or wiring.state.folder.runs()[:RUNS]:
        found = recorded(read_events(folder.events), arguments.test)
        if found is not None:
            yield folder, found


def _tell(number: int, count: int, reply: Reply) -> None:
    tests = "alone" if not count else "after 1 test" if count == 1 else f"after {count} tests"
    print(f"run {number}: {tests} it {_REPLIES[reply]}", file=sys.stderr, flush=True)


def _again(test: str, what: Asked, found: Found, finding: Finding) -> tuple[str, ...]:
    if not finding.needed:
        return ()
    switch = ("-p", f"no:{found.shuffler}") if found.shuffler else ()
    return ("handrail", "run", "-n", "0", *what.options, *switch, *finding.needed, test)
