"""The two barriers inside pytest: deselection at collection, and a check before every set-up.

Both ask ``core.policy``. The second one exists because a plugin may put a test back, or make one,
after the first.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from handrail.core.policy import (
    CI_SKIP,
    Circumstances,
    Fate,
    Held,
    Plan,
    Runs,
    allowed_retries,
    fate,
    find_override,
    limits,
    plan,
)
from handrail.core.scheduling import MODULE_BOND
from handrail.frozen import dataclass, field
from handrail.model.events import Withheld
from handrail.model.quarantine import is_named
from handrail.model.tiers import Override, Settings, Tier
from handrail.pytest_plugin.internals.fixtures import scopes_of_fixtures, wide_parameters
from handrail.pytest_plugin.internals.marks import Expressions

NAMED_TESTS = 3
_MARKER_NAME = re.compile(r"[A-Za-z_]\w*")
_WORDS = frozenset({"and", "or", "not", "None", "True", "False"})


@dataclass(frozen=True, slots=True)
class Traits:
    """What the controller must know about a test without having its item."""

    nodeid: str
    location: tuple[str, int | None, str]
    keywords: tuple[str, ...]
    limit_s: float = 0.0
    """0: no limit."""
    locks: tuple[str, ...] = ()
    is_serial: bool = False
    bond: str = ""
    """What it shares with other tests of its module through a fixture that outlives a test."""
    retries: int = 0
    """How often it is tried again if it fails."""
    retried_for: str = ""
    """Why it may be."""
    groups: tuple[str, str] = ("", "")
    """As ``core.ordering.Place`` has them."""
    is_excused: bool = False
    """Whether it is in quarantine: its failures do not count."""
    tier: str = ""
    """In whose limits it runs."""

    def pack(self) -> tuple[Any, ...]:
        """The fields, as builtins."""
        return (
            self.nodeid,
            self.location,
            self.keywords,
            self.limit_s,
            self.locks,
            self.is_serial,
            self.bond,
            self.retries,
            self.retried_for,
            self.groups,
            self.is_excused,
            self.tier,
        )


@dataclass(slots=True)
class _Tally:
    count: int = 0
    tests: list[str] = field(default_factory=list)


class Barrier:
    """A pytest plugin that lets through what may run here, and remembers what it withheld."""

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        named: Sequence[str],
        here: Circumstances,
        *,
        timeout_s: float | None = None,
        retries: int | None = None,
        quarantined: frozenset[str] = frozenset(),
    ) -> None:
        self._settings = settings
        self._retries = retries
        self._quarantined = quarantined
        self._reruns_elsewhere = _reruns_of_other_plugin(config)
        self._timeout_s = timeout_s
        self.plan: Plan = plan(settings, named, here)
        self._expressions = Expressions({tier.name: tier.select for tier in settings.tiers})
        self._fates: dict[tuple[tuple[str, ...], bool], Fate] = {}
        self._allowed: dict[str, Tier] = {}
        self._marks_seen: dict[str, int] = {}
        """How many marks of its own each test had when it was let through."""
        self._tallies: dict[Held, _Tally] = {}
        self._others_timeout_s = _timeout_of_other_plugin(config)
        self._has_other_plugin = config.pluginmanager.hasplugin("timeout")
        self.deselected = 0
        self.collect_limit_s = settings.collect_timeout_s
        """How long collecting one module, which imports it, may take."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """First barrier: deselect what may not run."""
        kept: list[pytest.Item] = []
        withheld: list[pytest.Item] = []
        for item in items:
            (kept if self._admits(item) else withheld).append(item)
        if withheld:
            items[:] = kept
            config.hook.pytest_deselected(items=withheld)
            self.deselected -= len(withheld)  # they are told of as withheld, not as deselected

    def _admits(self, item: pytest.Item) -> bool:
        found = self._fate(item)
        nodeid = item.nodeid
        if isinstance(found, Runs):
            self._allowed[nodeid] = found.tier
            self._marks_seen[nodeid] = len(item.own_markers)
            return True
        tally = self._tallies.setdefault(found, _Tally())
        tally.count += 1
        if len(tally.tests) < NAMED_TESTS:
            tally.tests.append(nodeid)
        return False

    def _fate(self, item: pytest.Item) -> Fate:
        marks = list(item.iter_markers())
        is_ci_skip = any(mark.name == CI_SKIP for mark in marks)
        key = (self._expressions.matching(marks), is_ci_skip)
        if key not in self._fates:
            self._fates[key] = fate(key[0], (CI_SKIP,) if key[1] else (), self.plan)
        return self._fates[key]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Second barrier: refuse to set up a test that got past the first."""
        if self._marks_seen.get(item.nodeid) == len(item.own_markers):
            return
        found = self._fate(item)
        if isinstance(found, Held):
            pytest.fail(f"refused: {found.reason}; it was not run", pytrace=False)

    def traits(self, item: pytest.Item) -> Traits:
        """What the controller must know about the test."""
        nodeid = item.nodeid
        marks = list(item.iter_markers())
        locks: list[str] = []
        is_serial = False
        for mark in marks:
            if mark.name == "serial":
                is_serial = True
            elif mark.name == "resource":
                locks += map(str, mark.args or mark.kwargs)
            elif mark.name == "xdist_group" and mark.args:
                locks.append(f"group {mark.args[0]}")
        override = find_override(self._settings, nodeid) if self._settings.overrides else None
        return Traits(
            nodeid,
            item.location,
            tuple(item.keywords),
            self._limit_s(nodeid, marks, override),
            tuple(dict.fromkeys(locks)),
            is_serial or (override is not None and bool(override.serial)),
            bond_of(item),
            *self._retries_of(nodeid, marks, override),
            wide_parameters(item),
            self.is_excused(nodeid),
            self.tier_of(nodeid),
        )

    def tier_of(self, nodeid: str) -> str:
        """The tier in whose limits a test runs that was let through; empty if there is none."""
        tier = self._allowed.get(nodeid)
        return "" if tier is None else tier.name

    def places_of(self, tiers: Sequence[str]) -> tuple[int, ...]:
        """As ``Collected.tier_of`` has them. ``tiers``: one for each test."""
        names = [tier.name for tier in self.plan.chosen]
        if len(names) < 2:
            return ()
        return tuple(names.index(each) if each in names else -1 for each in tiers)

    def is_excused(self, nodeid: str) -> bool:
        """Whether the test is in quarantine."""
        return bool(self._quarantined) and is_named(nodeid, self._quarantined)

    @property
    def is_lenient(self) -> bool:
        """Whether a failure may turn out not to count."""
        return self.has_retries or bool(self._quarantined)

    @property
    def has_retries(self) -> bool:
        """Whether any test may be tried again."""
        if self._retries is not None:
            return self._retries > 0
        return any(each.retries for each in self._settings.overrides) or any(
            tier.retries for tier in self.plan.chosen
        )

    def retries(self, item: pytest.Item) -> tuple[int, str]:
        """How often the test is tried again if it fails, and why it may be."""
        override = find_override(self._settings, item.nodeid) if self._settings.overrides else None
        return self._retries_of(item.nodeid, list(item.iter_markers()), override)

    def _retries_of(
        self, nodeid: str, marks: Sequence[pytest.Mark], override: Override | None
    ) -> tuple[int, str]:
        if not self.has_retries or self._reruns_elsewhere(marks):
            return 0, ""
        if self._retries is not None:
            return self._retries, f"--retries {self._retries}"
        return allowed_retries(self._allowed.get(nodeid), override)

    def limit_s(self, item: pytest.Item) -> float:
        """Seconds the test may take; 0 for no limit."""
        nodeid = item.nodeid
        override = find_override(self._settings, nodeid) if self._settings.overrides else None
        return self._limit_s(nodeid, list(item.iter_markers("timeout")), override)

    def _limit_s(
        self, nodeid: str, marks: Sequence[pytest.Mark], override: Override | None
    ) -> float:
        """Seconds the test may take; 0 for no limit.

        Its ``timeout`` mark beats the command line, the overrides and the tier. Where
        pytest-timeout is installed and limits the test itself, it gets a second to do so.
        """
        mark = next((each for each in marks if each.name == "timeout"), None)
        if mark is not None:
            value = mark.args[0] if mark.args else mark.kwargs.get("timeout")
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value + 1.0 if self._has_other_plugin and value else float(value)
        if self._others_timeout_s:
            return self._others_timeout_s + 1.0
        if self._timeout_s is not None:
            return self._timeout_s
        return limits(self._settings, self._allowed.get(nodeid), override)

    # What was withheld, counted; workers send theirs to the controller.

    def forget(self) -> None:
        """Begin counting anew."""
        self._tallies.clear()

    def withheld(self) -> list[tuple[Any, ...]]:
        """What was withheld since, as builtins."""
        return [
            (each.tier, each.reason, each.gate, each.open_with, tally.count, tally.tests)
            for each, tally in self._tallies.items()
        ]

    def add_withheld(self, withheld: Iterable[tuple[Any, ...]]) -> None:
        """Add what a worker withheld."""
        for tier, reason, gate, open_with, count, tests in withheld:
            held = Held(tier=tier, reason=reason, gate=gate, open_with=open_with)
            tally = self._tallies.setdefault(held, _Tally())
            tally.count += count
            tally.tests = (tally.tests + list(tests))[:NAMED_TESTS]
            self.deselected -= count

    def summary(self) -> tuple[Withheld, ...]:
        """Everything withheld, in the order of the tiers."""
        order = {tier.name: n for n, tier in enumerate(self._settings.tiers)}
        return tuple(
            Withheld(
                tier=held.tier,
                count=tally.count,
                reason=held.reason,
                gate=held.gate,
                open_with=held.open_with,
                tests=tuple(tally.tests),
            )
            for held, tally in sorted(
                self._tallies.items(), key=lambda pair: order.get(pair[0].tier or "", len(order))
            )
        )


def bond_of(item: pytest.Item) -> str:
    """What the test shares with its neighbours, so that one worker must run them all."""
    scopes = scopes_of_fixtures(item)
    if scopes & {"module", "package"}:
        return MODULE_BOND
    parent = item.getparent(pytest.Class) if "class" in scopes else None
    return parent.nodeid if parent is not None else ""


def _reruns_of_other_plugin(config: pytest.Config) -> Callable[[Sequence[pytest.Mark]], bool]:
    """Whether pytest-rerunfailures, or flaky, runs a test with these marks again itself."""
    names = ("rerunfailures", "flaky")
    if not any(map(config.pluginmanager.hasplugin, names)):
        return lambda _: False
    if config.getoption("reruns", None) or config.getoption("force_flaky", None):
        return lambda _: True
    return lambda marks: any(mark.name == "flaky" for mark in marks)


def _timeout_of_other_plugin(config: pytest.Config) -> float:
    if not config.pluginmanager.hasplugin("timeout"):
        return 0.0
    value = config.getoption("timeout", None) or config.getini("timeout")
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def marker_names(select: str) -> frozenset[str]:
    """Names of the markers that an ``-m`` expression mentions."""
    without_arguments = re.sub(r"\([^()]*=[^()]*\)", "", select)
    return frozenset(_MARKER_NAME.findall(without_arguments)) - _WORDS


def misspelt(settings: Settings, registered: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """Tiers whose select names a marker nobody registered but that looks like one somebody did.

    By tier: the name written and the name that was probably meant.
    """
    known = set(registered)
    found = {}
    for tier in settings.tiers:
        for name in sorted(marker_names(tier.select) - known):
            near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.84)
            if near:
                found[tier.name] = (name, near[0])
    return found
