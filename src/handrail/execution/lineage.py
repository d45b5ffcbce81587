"""What a process has started, seen while it lives: how to know it again when its parent is gone.

Linux only; elsewhere nothing is seen.
"""

import os
from collections.abc import Mapping

from handrail.system.processes import BEGAN, GROUP, below, every_pid, is_alive, stat


class Lineage:
    """The descendants of a process at the last ``look``, and the process groups that they were in.

    A process that was started since, by one of these, is in one of these groups unless it took
    pains to leave it.
    """

    def __init__(self, ancestor: int) -> None:
        self._ancestor = ancestor
        self._members: dict[int, str] = {}
        """When each began, by pid: a pid may be somebody else's by tomorrow."""
        self._groups: set[int] = set()

    def look(self) -> None:
        """Take note of what there is now; cheap: O(descendants)."""
        above = _living(self._ancestor)
        if not above:
            return
        members, groups = dict(self._left()), set()
        for pid in below(self._ancestor):
            if fields := _living(pid):
                members[pid] = fields[BEGAN]
                groups.add(int(fields[GROUP]))
        self._members = members
        self._groups = groups - {int(above[GROUP])}

    def left(self) -> set[int]:
        """Those that still live, and what else is in their groups; not this process."""
        found = set(self._left())
        if self._groups:
            found |= {
                pid
                for pid in every_pid()
                if (fields := _living(pid)) and int(fields[GROUP]) in self._groups
            }
        return found - {os.getpid()}

    def _left(self) -> Mapping[int, str]:
        return {
            pid: began
            for pid, began in self._members.items()
            if (fields := _living(pid)) and fields[BEGAN] == began
        }


def _living(pid: int) -> list[str]:
    """Its ``stat``; empty for a zombie or if it is gone."""
    fields = stat(pid)
    return fields if is_alive(fields) else []
