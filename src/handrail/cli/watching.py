"""``handrail run --watch``: run what a saved file affects, again and again, until somebody quits.

Each round is a run of its own, with a supervisor and a keeper, in forks of a warm process; this
process shows it, watches the files and the keyboard, and says what runs next.
"""

import argparse
import os
import select
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from handrail.cli.overhearing import overhear
from handrail.cli.person import Keys, Stops, keyboard, signals
from handrail.cli.request import understand
from handrail.cli.watchable import refuse, without_targets
from handrail.core.affected import EVERYTHING, Selection, narrowed
from handrail.core.folding import fold
from handrail.core.loops import Saved, written_by_tests
from handrail.core.rounds import Known, new_modules, passed, says_what_to_install, still_done
from handrail.errors import ExitCode
from handrail.execution.console import Watch, terminal_columns
from handrail.execution.prestart import launch_script
from handrail.execution.sources import Sources
from handrail.execution.warm import Warm
from handrail.runs.event_log import read_events
from handrail.runs.folder import RunFolder
from handrail.wiring import Wiring, wire

PATIENCE_S = 0.5
"""Given to a round that a save has made pointless; then it is killed."""
_OURS = ("handrail.cli.rounds", "handrail.pytest_plugin.session")
"""What supervisors and sessions import of Handrail itself."""
_NEVER_BEGAN = """error: the supervisor of the round ended before it began [no-supervisor]

hint: run in the foreground to see why: handrail run --ci"""


def watch(arguments: argparse.Namespace) -> ExitCode:
    """Run tests at every save; return the exit code of the last round. Raises: UsageError, ..."""
    refuse(arguments, os.environ)
    wiring = wire(arguments.folder)
    warm = Warm(launch_script(), wiring.root)
    try:
        understand(arguments, wiring)
        with signals() as stops, keyboard() as keys:
            watching = Watching(arguments, wiring, warm, stops, keys)
            try:
                code = watching.watch()
            finally:
                watching.close()
            return ExitCode.TERMINATED if stops.is_terminated else code
    finally:
        warm.close()


class Watching:
    """The files, the warm process and what is known of the tests, from round to round."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        wiring: Wiring,
        warm: Warm,
        stops: Stops,
        keys: Keys | None,
    ) -> None:
        self._arguments = arguments
        self._wiring = wiring
        self._warm = warm
        self._is_cold = False
        """Whether sessions import everything themselves, as the warm process cannot."""
        self._is_installed_anew = False
        """Whether a file was saved that says what is to be installed."""
        self._stops, self._keys = stops, keys
        self._options = without_targets(arguments)
        self._tiers = tuple(each for each in arguments.targets if self._is_tier(each))
        self._named = tuple(
            self._from_root(each) for each in arguments.targets if not self._is_tier(each)
        )
        """Paths and node ids, relative to the root."""
        self._sources = Sources(wiring.root)
        self._known = Known()
        self._code = ExitCode.NOTHING_RAN
        self._next = EVERYTHING
        self._done: frozenset[str] = frozenset()
        """What a round that was cut off had done, and need not be done again."""
        self._only: frozenset[str] = frozenset()
        self._began_at = 0.0
        """When the last round began."""
        self._saves: list[Saved] = []
        """What began each of the last rounds while the one before it ran."""

    def _is_tier(self, target: str) -> bool:
        return target in {tier.name for tier in self._wiring.settings.tiers}

    def _from_root(self, target: str) -> str:
        path, colons, rest = target.partition("::")
        return os.path.relpath(self._wiring.folder / path, self._wiring.root) + colons + rest

    def watch(self) -> ExitCode:
        """Round after round, until somebody quits or there is nothing to be watched."""
        is_first = True
        while True:
            has_begun = self._round()
            if is_first and not has_begun:
                return self._code
            is_first = False
            if self._stops.is_over:
                return self._code
            if self._next == Selection() and not self._wait():
                return self._code

    def close(self) -> None:
        """Leave nothing behind."""
        self._warm.close()
        self._sources.close()

    # A round.

    def _round(self) -> bool:
        """Run what is next; whether it began at all."""
        self._renew_if_stale()
        if self._stops.is_asked:
            return True
        selection, self._next = self._next, Selection()
        targets = map(self._from_folder, narrowed(self._named, selection))
        order = {
            "body": "handrail.cli.rounds:supervise",
            "given": self._given([*self._tiers, *targets]),
            "done": sorted(self._done),
            "only": sorted(self._only),
            "is_terminal": [sys.stdout.isatty(), sys.stderr.isatty()],
            "columns": terminal_columns(),
        }
        shown = Watch()
        self._began_at = time.time()
        self._sources.begin_round()
        shown.begin(self._warm.begin(order))
        self._stops.begin(shown)
        changed = self._follow(shown)
        self._sources.end_round()
        self._stops.end()
        os.close(shown.source)
        self._warm_up()
        if changed:
            self._cut(shown, selection, changed)
            return True
        self._conclude(shown, selection)
        return bool(shown.folder)

    def _given(self, targets: Sequence[str]) -> list[str]:
        place = self._options.index("run", 2 if self._options[0] == "-C" else 0) + 1
        return [*self._options[:place], *targets, *self._options[place:]]

    def _from_folder(self, target: str) -> str:
        path, colons, rest = target.partition("::")
        return os.path.relpath(self._wiring.root / path, self._wiring.folder) + colons + rest

    def _follow(self, shown: Watch) -> frozenset[str]:
        """Show the round to its end; files that were saved meanwhile, upon which it is ended."""
        saves = self._sources.saves
        while not shown.is_over:
            if self._ready(shown.source, timeout_s=saves.patience_s) & {shown.source}:
                shown.take_in(0)
            if self._keys is not None and "q" in self._keys.typed():
                self._stops.quit()
            changed = self._sources.changed(is_running=True)
            if changed:
                shown.tidy()
                self._end(shown)
                return changed
        return frozenset()

    def _end(self, shown: Watch) -> None:
        """End a round whose verdict nobody waits for."""
        shown.is_silent = True
        shown.interrupt()
        again_at = time.monotonic() + PATIENCE_S
        while not shown.is_over:
            if self._ready(shown.source, timeout_s=PATIENCE_S) & {shown.source}:
                shown.take_in(0)
            if time.monotonic() > again_at:
                shown.interrupt()
                again_at += PATIENCE_S

    def _cut(self, shown: Watch, selection: Selection, changed: frozenset[str]) -> None:
        """Go on with what was not done, and with what the save affects."""
        _say(f"saved: {_named(changed)}; begun again")
        self._notice_loop(changed)
        done = self._take_note(shown, selection)
        new = self._affected(changed)
        self._done = still_done(self._done | done, new)
        self._only = frozenset()
        self._next = selection | new

    def _conclude(self, shown: Watch, selection: Selection) -> None:
        if shown.exit_code is not None:
            self._code = ExitCode(shown.exit_code)
        elif shown.folder:
            self._code = overhear(self._arguments, shown)
        else:
            self._code = ExitCode.INFRA_ERROR
            print(_NEVER_BEGAN, file=sys.stderr)
        self._take_note(shown, selection)
        self._done = self._only = frozenset()

    def _take_note(self, shown: Watch, selection: Selection) -> frozenset[str]:
        """Remember what the round has told about the tests; return those that passed."""
        if not shown.folder:
            return frozenset()
        try:
            record = fold(read_events(RunFolder(Path(shown.folder)).events))
        except ValueError:
            return frozenset()
        is_everything = selection.is_everything and not self._done
        self._known = self._known.after(record, is_everything=is_everything)
        return passed(record)

    def _notice_loop(self, changed: frozenset[str]) -> None:
        """Say so, once, if tests save the files that begin them again; they do so no more."""
        by_round = frozenset(filter(self._sources.is_of_the_round, changed))
        if not by_round:
            self._saves.clear()
            return
        saved_at = max(map(self._sources.saved_at, by_round))
        self._saves.append(Saved(by_round, max(0.0, saved_at - self._began_at)))
        if own := written_by_tests(self._saves):
            self._saves.clear()
            self._sources.leave_to_tests(own)
            _say(f"the tests write {_named(own)}: as long as they run, that begins nothing")

    # Between two rounds.

    def _wait(self) -> bool:
        """Wait until there is something to run; False if somebody quits."""
        is_told = False
        while not self._stops.is_asked:
            if not is_told:
                keys = ", or Enter: everything, f: failed, q: quit" if self._keys else ""
                _say(f"watching {self._sources.count} files: save one{keys}")
                is_told = True
            timeout_s = self._sources.saves.patience_s if self._sources.is_read else 0.0
            if self._warm.fileno() in self._ready(timeout_s=timeout_s):
                self._hear()
            self._sources.read_one()
            changed = self._sources.changed(is_running=False)
            if changed:
                self._notice_loop(changed)
                self._next = self._affected(changed)
                if self._next == Selection():
                    _say(f"saved: {_named(changed)}; no test is left to run")
                    is_told = False
            for key in self._keys.typed() if self._keys is not None else "":
                if key == "q":
                    return False
                self._obey(key)
            if self._next != Selection():
                return True
        return False

    def _obey(self, key: str) -> None:
        if key in "\r\n":
            self._next, self._only = EVERYTHING, frozenset()
        elif key == "f":
            self._next = Selection(self._there(self._known.bad_modules))
            self._only = self._known.bad_tests
            if self._next == Selection():
                _say("nothing has failed")

    def _affected(self, changed: frozenset[str]) -> Selection:
        """What a save affects, of what there is."""
        self._is_installed_anew |= any(map(says_what_to_install, changed))
        modules = self._known.modules
        new = new_modules(changed, modules)
        found = self._sources.affected(changed, modules | new)
        gone = modules - self._there(modules)
        self._known = self._known.changed(new=new, gone=gone)
        if found.is_everything:
            return found
        left = Selection(found.modules - gone)
        return left if narrowed(self._named, left) else Selection()

    def _there(self, modules: frozenset[str]) -> frozenset[str]:
        return frozenset(each for each in modules if (self._wiring.root / each).exists())

    def _ready(self, *more: int, timeout_s: float) -> set[int]:
        """Wait for anything to happen; the descriptors where it did."""
        asked = [*more, self._stops.fileno()]
        asked += [] if self._keys is None or self._keys.is_over else [self._keys.fileno()]
        asked += [self._sources.saves.bell.fileno()] * self._sources.saves.bell.is_there
        asked += [] if self._warm.is_gone else [self._warm.fileno()]
        ready, _, _ = select.select(asked, [], [], timeout_s)
        self._stops.forget()
        return set(ready)

    # The warm process.

    def _warm_up(self) -> None:
        """Have it import what the last session had to import; the next one finds that done."""
        self._warm.learn(*_OURS, is_told=not self._is_cold)

    def _hear(self) -> None:
        self._warm.take_in()
        if self._warm.problem and not self._is_cold:
            _say(f"{self._warm.problem}: sessions are started cold")
            self._is_cold = True
            self._renew()

    def _renew_if_stale(self) -> None:
        while self._warm.is_learning and not self._stops.is_asked:
            if self._warm.fileno() in self._ready(timeout_s=1.0):
                self._hear()
        why = "ended" if self._warm.is_gone else ""
        if self._is_installed_anew:
            why = "is out of date: what the project requires was changed"
        elif self._warm.is_stale():
            why = "is out of date: an imported file was changed"
        if why:
            _say(f"the warm process {why}; a new one was started")
            self._is_cold = self._is_installed_anew = False
            self._renew()

    def _renew(self) -> None:
        self._warm.close()
        self._warm = Warm(launch_script(), self._wiring.root)


def _named(files: frozenset[str]) -> str:
    first = sorted(files)[0]
    return first if len(files) == 1 else f"{first} and {len(files) - 1} more"


def _say(text: str) -> None:
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
