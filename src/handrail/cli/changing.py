"""``run --changed``: what to run of what is recorded, and recording what runs."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from handrail.app.running import Follower
from handrail.core.affected import Graph
from handrail.core.changed import Chosen, Snapshot, choose
from handrail.core.choosing import records_after, seen_of
from handrail.core.folding import is_bad, last_attempts
from handrail.core.narrowing import reasons
from handrail.errors import ExitCode, StateError
from handrail.frozen import replace
from handrail.model.events import Narrowed, Note, Verified
from handrail.model.records import RunRecord
from handrail.model.spec import RunSpec
from handrail.runs import scanning
from handrail.runs.folder import RunFolder
from handrail.store.code_records import CodeRecords, Source
from handrail.wiring import Wiring

DATABASE = "changed.db"
_LISTED = 20


class Changing:
    """One run ``--changed``: made before it begins, told of after it has ended."""

    def __init__(self, wiring: Wiring, ref: str, *, is_verifying: bool) -> None:
        """Raises: NoSuchCommitError."""
        self._root = wiring.root
        self._store = CodeRecords(wiring.state.folder.root / DATABASE)
        self._is_verifying = is_verifying
        self.ref = ref
        self.problem = ""
        self._environment = scanning.environment()
        self._files: dict[str, scanning.Read] = {}
        self._settled_stamps: dict[str, str] = {}
        self.chosen: Chosen = self._chosen()

    def _chosen(self) -> Chosen:
        known: dict[str, Source] = {}
        records, before = [], None
        try:
            if not self.ref and (tests := self._settled()) is not None:
                return Chosen(reasons={}, unaffected=tests)
            known = self._store.sources()
            records, before = self._store.records(), self._store.before()
        except StateError as error:
            self.problem = f"{error.what}: {error.where}"
        self._scan(known)
        since = scanning.since(self._root, self.ref) if self.ref else None
        return choose(records, before, self._now, since)

    def _settled(self) -> frozenset[str] | None:
        """Every recorded test, if no file was written since."""
        found = self._store.settled()
        if found is None:
            return None
        stamps, environment, tests = found
        self._settled_stamps = stamps
        is_same = environment == self._environment and stamps == scanning.stamps(self._root)
        return tests if is_same else None

    def _scan(self, known: Mapping[str, Source]) -> None:
        read = {path: (each.stamp, dict(each.blocks), each.imports) for path, each in known.items()}
        self._files = scanning.scan(self._root, read)

    @property
    def _now(self) -> Snapshot:
        return scanning.snapshot(self._files, self._environment)

    def narrowed(self, spec: RunSpec) -> RunSpec:
        """The same run, of what is affected; to verify, the rest comes after it."""
        if self._is_verifying:
            return replace(spec, later=self.chosen.unaffected)
        return replace(spec, unaffected=self.chosen.unaffected)

    def document(self) -> dict[str, Any]:
        """What is run and why, as ``handrail.changed/1``."""
        return {
            "schema": "handrail.changed/1",
            "since": self.ref,
            "because": self.chosen.because,
            "affected": [{"test": t, "reason": r} for t, r in sorted(self.chosen.reasons.items())],
            "unaffected": len(self.chosen.unaffected),
        }

    def lines(self) -> Iterator[str]:
        """The same for a person."""
        for test, reason in sorted(self.chosen.reasons.items()):
            yield f"{test}: {reason}"
        yield self.summary()

    def summary(self) -> str:
        """One sentence."""
        affected, rest = len(self.chosen.reasons), len(self.chosen.unaffected)
        if self.chosen.because:
            return f"every test runs: {self.chosen.because}"
        since = f" since {self.ref}" if self.ref else ""
        return (
            f"{affected} of {affected + rest} recorded tests are affected by what has changed{since}; "
            "tests without a record run too"
        )

    def begin(self, run: RunFolder) -> str:
        """The folder for what workers see."""
        folder = run.path / "trace"
        with suppress(OSError):
            folder.mkdir()
        return str(folder)

    def tell(self, follower: Follower) -> None:
        """What is run, before it is."""
        affected = () if self.chosen.because else sorted(self.chosen.reasons.items())
        follower.tell(
            Narrowed(
                at=time.time(),
                since=self.ref,
                because=self.chosen.because,
                affected=reasons(affected),
                unaffected=len(self.chosen.unaffected),
            )
        )
        text = "; ".join(filter(None, (self.problem, self.summary())))
        follower.tell(Note(at=time.time(), text=text, code="changed", is_warning=True))

    def keep(self, follower: Follower, run: RunFolder, record: RunRecord) -> None:
        """Record what ran; say what would have been missed."""
        if self._is_verifying:
            self._verify(follower, record)
        if not (record.finished or self.chosen.reasons or self.chosen.because):
            return
        try:
            seen = seen_of(_lines(run.path / "trace"))
            if not self._files:  # nothing had changed; something ran all the same
                if scanning.stamps(self._root) != self._settled_stamps:
                    self._store.forget({each.test for each in record.finished})
                    return  # written meanwhile: nobody knows what it was that ran
                self._scan(self._store.sources())
            now = self._now
            graph = Graph(
                {path: each[2] for path, each in self._files.items() if path.endswith(".py")}
            )
            records, forgotten = records_after(record.finished, seen, now, graph.needs)
            after = scanning.scan(self._root, self._files)
            made = scanning.snapshot(after, "").others  # what tests have written is no change
            project = replace(now, others=dict(made))
            is_settled = _stamps(after) == _stamps(self._files)
            sources = {path: Source(*each) for path, each in self._files.items()}
            kept = {each.test for each in records}
            # Affected, and not run now: they must run next time, whatever changes until then.
            forgotten |= self.chosen.reasons.keys() - kept
            self._store.save(records, forgotten, project, sources, is_settled=is_settled)
        except (StateError, OSError) as error:
            text = f"what tests use could not be recorded: {getattr(error, 'where', error)}"
            follower.tell(Note(at=time.time(), text=text, code="changed", is_warning=True))

    def _verify(self, follower: Follower, record: RunRecord) -> None:
        ran = last_attempts(record)
        bad = {test for test, each in ran.items() if is_bad(each)}
        missed = sorted(bad & self.chosen.unaffected)
        rest = len(ran.keys() & self.chosen.unaffected)
        with suppress(StateError):
            selected = len(ran) - rest
            self._store.check(time.time(), selected=selected, rest=rest, missed=missed)
        follower.tell(Verified(at=time.time(), rest=rest, missed=tuple(missed)))
        rates = self._rate()
        text = f"selection would have missed {len(missed)} failures among the {rest} tests that it leaves out{rates}"
        if missed:
            more = f" and {len(missed) - 3} more" if len(missed) > 3 else ""
            text += f": {', '.join(missed[:3])}{more}"
        follower.tell(Note(at=time.time(), text=text, code="changed-verify", is_warning=True))

    def _rate(self) -> str:
        with suppress(StateError):
            checks = self._store.checks()
            wrong = sum(bool(missed) for *_, missed in checks)
            return f" ({wrong} of {len(checks)} runs --verify missed one)"
        return ""


def _lines(folder: Path) -> Iterator[Any]:
    for path in sorted(folder.glob("*.ndjson")):
        for line in path.read_text("ascii", "replace").splitlines():
            with suppress(ValueError):  # its process was killed in the middle
                yield json.loads(line)


def _stamps(files: Mapping[str, scanning.Read]) -> dict[str, str]:
    return {path: each[0] for path, each in files.items()}


def changing(arguments: argparse.Namespace, wiring: Wiring) -> Changing:
    """Find out what is affected. Raises: NoSuchCommitError."""
    arguments.allow_empty = True  # that nothing is affected is good
    return Changing(wiring, arguments.changed, is_verifying=arguments.is_verifying)


def show(arguments: argparse.Namespace, found: Changing) -> ExitCode:
    """A dry run: which recorded tests would run, and why."""
    if arguments.format == "json":
        print(json.dumps(found.document()))
    else:
        print("\n".join(found.lines()))
    return ExitCode.PASSED
