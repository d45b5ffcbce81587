"""``handrail flaky quarantine`` and ``release``: the tests whose failures do not count, until a day."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence

from handrail.config import quarantine as file
from handrail.core.flakiness import assess, evidence
from handrail.core.quarantining import STABLE_ATTEMPTS, is_stable
from handrail.errors import ExitCode, UsageError
from handrail.model.quarantine import Quarantined, names_of
from handrail.ports.history import Seen
from handrail.runs.atomic import write_atomically
from handrail.wiring import QUARANTINE, Wiring, wire

_LAST = 100


def quarantine(arguments: argparse.Namespace) -> ExitCode:
    """Put tests into quarantine; without one, list those that are there."""
    wiring = wire(arguments.folder)
    if not arguments.tests:
        return _list(wiring, is_json=arguments.is_json)
    if not (arguments.reason and arguments.owner):
        raise UsageError(
            "a test in quarantine needs a reason and an owner",
            hint='handrail flaky quarantine TEST --reason "..." --owner NAME --for 14d',
        )
    known = wiring.history.attempts()
    named = {name for test in known for name in names_of(test)}
    there = {each.test for each in wiring.quarantine}
    text = wiring.quarantine_text
    now = time.time()
    for test in arguments.tests:
        if test not in named:
            raise UsageError(
                f"history knows no test {test}",
                hint="give its whole node id, as `handrail report --format json --tests` shows it",
            )
        entry = Quarantined(
            test=test,
            reason=arguments.reason,
            owner=arguments.owner,
            since=_day(now),
            expires=_day(now + arguments.for_s),
        )
        text = file.added(file.without(text, [test]) if test in there else text, entry)
        print(f"{test} is in quarantine until {entry.expires}")
    _write(wiring, text)
    return ExitCode.PASSED


def release(arguments: argparse.Namespace) -> ExitCode:
    """Let failures of these tests count again."""
    wiring = wire(arguments.folder)
    there = {each.test for each in wiring.quarantine}
    for test in arguments.tests:
        if test not in there:
            raise UsageError(
                f"{test} is not in quarantine",
                where="\n".join(sorted(there)),
                hint="handrail flaky quarantine",
            )
    for test in arguments.tests:
        print(f"{test} counts again")
    _write(wiring, file.without(wiring.quarantine_text, arguments.tests))
    return ExitCode.PASSED


def _write(wiring: Wiring, text: str) -> None:
    write_atomically(wiring.root / QUARANTINE, text.encode("utf-8"))
    print(f"commit the change: git add {QUARANTINE}")


def _list(wiring: Wiring, *, is_json: bool) -> ExitCode:
    entries = wiring.quarantine
    seen = _seen(wiring, entries)
    stable = [each.test for each in entries if each.test in seen and _is_stable(seen[each.test])]
    if is_json:
        found = [_document(each, seen.get(each.test, ()), each.test in stable) for each in entries]
        print(json.dumps({"schema": "handrail.quarantine/1", "tests": found}))
        return ExitCode.PASSED
    for each in entries:
        until = f"over since {each.expires}" if each.is_expired else f"until {each.expires}"
        print(f"{each.test}\n  {until}; {each.owner}: {each.reason}")
        for test, one in seen.get(each.test, ()):
            which = f"{test}: " if test != each.test else ""
            print(f"  {which}{evidence(assess(test, one.outcomes, one.codes))}")
    if not entries:
        print("no test is in quarantine")
    for test in stable:
        print(f"good {STABLE_ATTEMPTS} times in a row; next: handrail flaky release {test}")
    return ExitCode.PASSED


_Tests = Sequence[tuple[str, Seen]]


def _seen(wiring: Wiring, entries: Sequence[Quarantined]) -> Mapping[str, _Tests]:
    """What history knows of the tests that each entry means."""
    if not entries:
        return {}
    meant: dict[str, list[str]] = {}
    for test in wiring.history.attempts():
        for name in dict.fromkeys(names_of(test)):
            meant.setdefault(name, []).append(test)
    wanted = [test for each in entries for test in meant.get(each.test, ())]
    seen = wiring.history.seen(wanted, last=_LAST)
    return {
        each.test: [(test, seen[test]) for test in meant.get(each.test, ()) if test in seen]
        for each in entries
    }


def _is_stable(tests: _Tests) -> bool:
    return bool(tests) and all(is_stable(seen.outcomes) for _, seen in tests)


def _document(entry: Quarantined, tests: _Tests, is_ready: bool) -> dict[str, object]:
    return {
        "test": entry.test,
        "reason": entry.reason,
        "owner": entry.owner,
        "since": entry.since,
        "expires": entry.expires,
        "is_expired": entry.is_expired,
        "is_stable": is_ready,
        "evidence": {test: evidence(assess(test, s.outcomes, s.codes)) for test, s in tests},
    }


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
