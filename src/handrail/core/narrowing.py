"""What ``--changed`` and ``--verify`` tell of a run, and which tests run after the others. Pure."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from handrail.core.scheduling import MODULE_BOND
from handrail.frozen import replace
from handrail.model.events import Event, Narrowed, Reason, Verified


def later(tests: Iterable[tuple[str, str]], unaffected: AbstractSet[str]) -> frozenset[str]:
    """Of these tests (node id and bond) those that run after all others.

    They are not affected, and neither is any test with which they share a fixture of a class or a
    module: that is set up once, for all of them.
    """
    if not unaffected:
        return frozenset()
    found = [(name, name.partition("::")[0], bond) for name, bond in tests]
    whole = {module for _, module, bond in found if bond == MODULE_BOND}
    together: dict[tuple[str, str], list[str]] = {}
    for name, module, bond in found:
        together.setdefault((module, "" if module in whole else bond or name), []).append(name)
    return frozenset(
        name for group in together.values() if unaffected >= set(group) for name in group
    )


def reasons(by_test: Iterable[tuple[str, str]]) -> tuple[Reason, ...]:
    """Each reason once, with its tests. ``by_test``: node id and reason."""
    found: dict[str, dict[str, None]] = {}
    for test, reason in by_test:
        found.setdefault(reason, {})[test] = None
    return tuple(Reason(reason=reason, tests=tuple(tests)) for reason, tests in found.items())


def told_once(events: Sequence[Event]) -> list[Event]:
    """What several machines have told of the same tests, and each of those that it ran."""
    merged: list[Event] = []
    if narrowed := [each for each in events if isinstance(each, Narrowed)]:
        pairs = [(t, each.reason) for one in narrowed for each in one.affected for t in each.tests]
        because = next((each.because for each in narrowed if each.because), "")
        merged.append(
            replace(
                narrowed[0],
                because=because,
                affected=() if because else reasons(pairs),
                unaffected=min(each.unaffected for each in narrowed),
            )
        )
    if verified := [each for each in events if isinstance(each, Verified)]:
        missed = dict.fromkeys(test for each in verified for test in each.missed)
        rest = sum(each.rest for each in verified)
        merged.append(replace(verified[-1], rest=rest, missed=tuple(missed)))
    return merged
