"""What is left of an earlier run: tests that failed, did not run, or are new since."""

import pytest

from handrail.model.spec import RunSpec


class Remaining:
    """A pytest plugin that deselects what need not run again. It looks at one item at a time."""

    def __init__(self, done: frozenset[str], only: frozenset[str]) -> None:
        self._done = done
        self._only = only

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep what is not done, or, if some are named, only those."""
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            (kept if self._is_wanted(item.nodeid) else left_out).append(item)
        if left_out:
            items[:] = kept
            config.hook.pytest_deselected(items=left_out)

    def _is_wanted(self, nodeid: str) -> bool:
        return is_wanted(nodeid, self._done, self._only)


def is_wanted(nodeid: str, done: frozenset[str], only: frozenset[str]) -> bool:
    """Whether it is not done, or, if some are named, one of those."""
    return nodeid in only if only else nodeid not in done


def register_remaining(config: pytest.Config, spec: RunSpec) -> None:
    """Leave out what an earlier run has done, if this run is the rest of one.

    Of a shard, that is done later: what is shared is everything (``sharding``).
    """
    if spec.shard is None and (spec.done or spec.only or spec.unaffected):
        config.pluginmanager.register(
            Remaining(spec.done | spec.unaffected, spec.only), "handrail-remaining"
        )
