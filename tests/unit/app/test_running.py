"""A session's events are folded and kept in order, but nobody needs to hear what ran long ago."""

import json
from collections.abc import Iterator, Sequence

from handrail.app.running import Follower
from handrail.core.folding import Folding
from handrail.model.events import Event, RunStarted, to_json
from handrail.model.spec import RunSpec
from handrail.model.tiers import Place, Settings


class SessionThatSays:
    """Tells these lines at once, and is over."""

    returncode = 0

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = list(lines)

    @property
    def is_over(self) -> bool:
        return not self._lines

    def lines(self, timeout_s: float) -> Iterator[bytes]:
        told, self._lines = self._lines, []
        yield from told

    def interrupt(self) -> None: ...

    def dump_stacks(self) -> None: ...

    def kill(self) -> None: ...


class Kept:
    """A log in memory: the kind of each event, and the test that it is about."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def append(self, batch: Sequence[Event | bytes]) -> None:
        for each in batch:
            told = json.loads(each) if isinstance(each, bytes) else to_json(each)
            about = [*(one["test"] for one in told.get("running", ())), told.get("test", "")]
            self.events.append((told["event"], about[0]))


def begins(test: str) -> bytes:
    return json.dumps(
        {"event": "Progress", "at": 1.0, "running": [{"test": test, "for_s": 0.0, "worker": ""}]},
        separators=(",", ":"),
    ).encode()


def passes(test: str) -> bytes:
    return json.dumps(
        {"event": "TestFinished", "at": 1.0, "test": test, "outcome": "passed", "duration_s": 0.1},
        separators=(",", ":"),
    ).encode()


def followed(*lines: bytes) -> list[tuple[str, str]]:
    kept = Kept()
    spec = RunSpec(run_id="wxyz", settings=Settings(), workers=0, tiers=(), place=Place.LOCAL)
    follower = Follower(
        session=SessionThatSays(lines), spec=spec, folding=Folding(), log=kept, views=()
    )
    follower.tell(RunStarted(at=0.0, run_id="wxyz", tiers=(), place="local"))
    follower.follow()
    return kept.events


def test_of_what_is_running_only_the_last_word_of_a_batch_is_kept() -> None:
    kept = followed(begins("a"), passes("a"), begins("b"), passes("b"), begins("c"))

    assert kept[1:4] == [("TestFinished", "a"), ("TestFinished", "b"), ("Progress", "c")]


def test_a_batch_without_news_of_what_is_running_is_kept_whole() -> None:
    kept = followed(passes("a"), passes("b"))

    assert kept[1:3] == [("TestFinished", "a"), ("TestFinished", "b")]
