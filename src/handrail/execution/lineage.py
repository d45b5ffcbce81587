"""What a process has started, seen while it lives: how to know it again when its parent is gone.

Linux only; elsewhere nothing is seen.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path


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
        above = _stat(self._ancestor)
        if not above:
            return
        members, groups = dict(self._left()), set()
        for pid in below(self._ancestor):
            stat = _stat(pid)
            if stat:
                members[pid] = stat[19]
                groups.add(int(stat[2]))
        self._members = members
        self._groups = groups - {int(above[2])}

    def left(self) -> set[int]:
        """Those that still live, and what else is in their groups; not this process."""
        found = set(self._left())
        if self._groups:
            found |= {pid for pid, stat in _all() if int(stat[2]) in self._groups}
        return found - {os.getpid()}

    def _left(self) -> Mapping[int, str]:
        return {
            pid: began
            for pid, began in self._members.items()
            if (stat := _stat(pid)) and stat[19] == began
        }


def below(pid: int) -> set[int]:
    """Process ids below ``pid``, at any depth."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in _children(waiting.pop()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def name_of(pid: int) -> str:
    """What a process is called; empty if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    return ""


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/task/{task}/children").read_text("ascii")
                yield from map(int, text.split())


def _all() -> Iterator[tuple[int, list[str]]]:
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit() and (stat := _stat(int(name))):
                yield int(name), stat


def _stat(pid: int) -> list[str]:
    """State, parent, group, ...; empty for a zombie or if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return []
    fields = text.rpartition(")")[2].split()
    return [] if fields[:1] in ([], ["Z"], ["X"]) else fields
