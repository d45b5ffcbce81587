"""Questions about every test, which have to be collected first (D05, ``--deep``)."""

from collections import Counter
from collections.abc import Iterator

from handrail.ci.collecting import CollectError, collected
from handrail.doctor.findings import Around, Finding, Weight

_NAMED = 3


def tiers(around: Around) -> Iterator[Finding]:
    """D05: every test is in exactly one tier, and every tier has tests."""
    settings = around.settings
    if settings is None or not settings.is_configured:
        return
    try:
        tests = collected(around.root, around.environ)
    except CollectError as error:
        yield Finding(what=error.what, where=error.where, fix=error.hint)
        return
    if none := [test.name for test in tests if not test.tiers]:
        yield Finding(
            what=f"{_tests(none)} in no tier, so that nothing ever runs them",
            where=_named(none),
            fix="let `select` of a tier say what they have in common; handrail tiers shows all",
        )
    several = Counter(test.tiers for test in tests if len(test.tiers) > 1)
    for names, _ in several.most_common():
        both = [test.name for test in tests if test.tiers == names]
        yield Finding(
            what=f"{_tests(both)} in {len(names)} tiers: {', '.join(names)}",
            where=_named(both),
            fix=f'add "and not ..." to `select` of {names[-1]}, unless that is meant',
            weight=Weight.NOTE,
        )
    used = {name for test in tests for name in test.tiers}
    for tier in settings.tiers:
        if tier.name not in used:
            yield Finding(
                what=f"tier {tier.name} has no test",
                where=f"select = {tier.select!r}",
                fix=f"remove [tool.handrail.tiers.{tier.name}], or mark tests for it",
                weight=Weight.NOTE,
            )


def _tests(names: list[str]) -> str:
    return "1 test is" if len(names) == 1 else f"{len(names)} tests are"


def _named(names: list[str]) -> str:
    more = len(names) - _NAMED
    return "\n".join([*names[:_NAMED], *([f"and {more} more"] if more > 0 else [])])
