"""The tests of this shard, once all are known."""

from collections.abc import Iterable, Sequence

from handrail.core.shards import Sharded, part
from handrail.model.spec import RunSpec
from handrail.pytest_plugin.remaining import is_wanted


class Sharing:
    """What is this machine's, and of that what an earlier run has not done."""

    def __init__(
        self, spec: RunSpec, tests: Iterable[tuple[str, str]], skipped: Sequence[str]
    ) -> None:
        """``tests``: node id and bond; ``skipped``: modules that were skipped as a whole."""
        assert spec.shard is not None
        found = [Sharded(name=name, bond=bond) for name, bond in tests]
        found += [Sharded(name=module) for module in skipped]
        self._part = part(found, spec.shared_s, spec.shard)
        self._done, self._only = spec.done | spec.unaffected, spec.only
        self.shared_by = "time" if self._part.is_by_time else "count"
        self.whole = self._part.collection

    def __contains__(self, nodeid: str) -> bool:
        return nodeid in self._part.names and is_wanted(nodeid, self._done, self._only)

    def kept(self, nodeids: Iterable[str]) -> list[str]:
        """Those that are to be run here."""
        return [each for each in nodeids if each in self]
