"""Gates that a person opened for a while. Whatever is not clearly granted is not granted."""

import fcntl
import json
import math
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handrail.frozen import dataclass
from handrail.runs.atomic import UnwritableError, write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One gate, opened. Times in seconds since the epoch."""

    gate: str
    until: float
    by: str
    at: float

    def holds(self, now: float) -> bool:
        """Whether the gate is open: not before it was granted either, should the clock be wrong."""
        return self.at <= now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the file says, and what is wrong with it, mostly nothing."""

    grants: tuple[Grant, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """The grants of a project in the file ``path``. Making one touches nothing."""

    path: Path

    def read(self) -> Granted:
        """Everything in the file, expired or not. A damaged file grants nothing, and says so."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return Granted()
        except OSError as error:
            return Granted(problem=_nothing(self.path, error.strerror or str(error)))
        try:
            return Granted(grants=tuple(_parsed(gate, each) for gate, each in _table(data)))
        except (ValueError, TypeError, KeyError, RecursionError):
            return Granted(problem=_nothing(self.path, "damaged"))

    def granted(self, now: float) -> frozenset[str]:
        """The gates that are open now."""
        return frozenset(each.gate for each in self.read().grants if each.holds(now))

    def grant(self, gate: str, *, until: float, by: str, at: float) -> None:
        """Open a gate; an earlier grant of it is replaced, expired ones of others are dropped.

        Raises: UnwritableError.
        """
        opened = Grant(gate=gate, until=until, by=by, at=at)
        with self._alone():
            others = [each for each in self._others(gate) if each.until > at]
            self._write([*others, opened])

    def revoke(self, gate: str) -> None:
        """Close a gate, open or not.

        Raises: UnwritableError; the gate may then still be open.
        """
        with self._alone():
            if self.path.exists():
                self._write(self._others(gate))

    def _others(self, gate: str) -> list[Grant]:
        return [each for each in self.read().grants if each.gate != gate]

    def _write(self, grants: Iterable[Grant]) -> None:
        table = {each.gate: {"until": each.until, "by": each.by, "at": each.at} for each in grants}
        write_atomically(self.path, (json.dumps(table, indent=1) + "\n").encode())

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Keep another writer from losing this change: its folder is locked meanwhile."""
        try:
            fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UnwritableError(self.path, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _table(data: bytes) -> Iterable[tuple[str, Mapping[str, Any]]]:
    table = json.loads(data)
    if not isinstance(table, dict):
        raise TypeError(table)
    return table.items()


def _parsed(gate: str, written: Mapping[str, Any]) -> Grant:
    until, at = written["until"], written["at"]
    if not all(type(each) in (int, float) and math.isfinite(each) for each in (until, at)):
        raise ValueError(gate)
    return Grant(gate=gate, until=until, by=str(written["by"]), at=at)


def _nothing(path: Path, why: str) -> str:
    return f"{path}: {why}; no gate is open"
