"""``handrail services``: what tests need, running for a person as long as they like."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handrail.cli.logs import LOOK_S
from handrail.errors import ExitCode, UsageError
from handrail.frozen import dataclass
from handrail.model.tiers import Service
from handrail.model.units import format_duration, format_size
from handrail.reporters.json_report import rfc3339
from handrail.runs.atomic import write_atomically
from handrail.services import keeping, lasting, usual
from handrail.services.lasting import Lasting
from handrail.services.sessions import base_folder, sweep
from handrail.services.snapshots import Snapshots, size_bytes
from handrail.services.supervision import log_tail
from handrail.services.urls import masked
from handrail.wiring import Wiring, wire

SNAPSHOT_AGE_S = 14 * 86400.0
"""After which a snapshot that was not used is removed."""
_LINES = 30
_TAIL_BYTES = 1 << 20


@dataclass(frozen=True)
class Place:
    """A project's services, and where it is written down which of them run."""

    wiring: Wiring
    services: dict[str, Service]
    path: Path

    @property
    def snapshots(self) -> Snapshots:
        """What servers start from."""
        return Snapshots(self.path.parent / "snapshots", _say)

    @property
    def kept(self) -> Path:
        """Where databases of failed tests are."""
        return self.path.parent / "kept"

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those named, or all. Raises: UsageError."""
        unknown = [name for name in names if name not in self.services]
        if unknown:
            raise UsageError(
                f"no service is called {', '.join(unknown)}",
                where=f"services: {', '.join(self.services) or 'none'}",
                hint="add it: [tool.handrail.services.NAME]",
            )
        return list(dict.fromkeys(names or self.services))

    def save(self, known: Sequence[Lasting]) -> None:
        """Write it down."""
        write_atomically(self.path, lasting.packed(known))


def services(arguments: argparse.Namespace) -> ExitCode:
    """Do what the word says."""
    wiring = wire(arguments.folder)
    found = {each.name: each for each in usual.needed_services(wiring.settings)}
    if not found:
        raise UsageError(
            "this project configures no services",
            hint="name one in pyproject.toml: [tool.handrail.services.postgres]",
        )
    root = wiring.state.folder.root
    place = Place(wiring, found, root / "services.json")
    commands = {"up": _up, "down": _down, "status": _status, "logs": _logs, "clean": _clean}
    return commands[arguments.what](place, arguments)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# Up and down.


def _up(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """Start what does not run; say where all of it is."""
    if arguments.kept:
        return _up_kept(place, arguments)
    wanted = place.chosen(arguments.names)
    with lasting.locked(place.path):
        known = lasting.load(place.path)
        running = {each.name: each for each in known if not each.test and each.is_running}
        missing = [name for name in wanted if name not in running]
        if missing:
            started = lasting.start(
                place.services,
                missing,
                running.values(),
                root=place.wiring.root,
                snapshots=place.snapshots,
                environ=place.wiring.environ,
                folder=place.wiring.settings.services_folder,
                say=_say,
            )
            kept = [each for each in known if each.test or each.name not in missing]
            replaced = [each for each in known if each not in kept]
            place.save([*kept, *started])
            _end_unneeded(replaced, [*kept, *started])
            running |= {each.name: each for each in started}
    shown = [running[name] for name in wanted]
    if arguments.is_env:
        for each in shown:
            for name, value in usual.variables(place.services[each.name], each.url).items():
                print(f"export {name}={_quoted(value)}")
        return ExitCode.PASSED
    if arguments.is_json:
        _print_json(
            [_described(each.name, each, usual.note(place.services[each.name])) for each in shown]
        )
        return ExitCode.PASSED
    for each in shown:
        word = "started" if each.name in missing else "runs"
        note = usual.note(place.services[each.name])
        print(f"{each.name:10} {word:8} {each.url}" + (f"  ({note})" if note else ""))
    print("next: handrail services down", file=sys.stderr)
    return ExitCode.PASSED


def _up_kept(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """Start a server on what was kept for a failed test; say where the test's database is."""
    (name,) = place.chosen(["postgres"])
    kept = keeping.find(place.kept, arguments.kept)
    with lasting.locked(place.path):
        known = lasting.load(place.path)
        found = next((each for each in known if each.test == kept.test and each.is_running), None)
        if found is None:
            found = lasting.start_kept(
                kept,
                place.services[name],
                environ=place.wiring.environ,
                folder=place.wiring.settings.services_folder,
                say=_say,
                root=place.wiring.root,
            )
            place.save([*known, found])
    if arguments.is_json:
        _print_json([_described(found.name, found)])
        return ExitCode.PASSED
    print(f"{found.name:10} {found.url}  as {kept.test} left it")
    print("next: handrail services down", file=sys.stderr)
    return ExitCode.PASSED


def _end_unneeded(replaced: Sequence[Lasting], known: Sequence[Lasting]) -> None:
    """End supervisors that have nobody left to look after."""
    needed = {each.supervisor for each in known}
    lasting.end([each for each in replaced if each.supervisor not in needed])


def _down(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """End everything that goes on here, whatever it was started for."""
    if arguments.names:
        raise UsageError(
            "services end together", where=" ".join(arguments.names), hint="handrail services down"
        )
    with lasting.locked(place.path):
        known = lasting.load(place.path)
        ended = [each for each in known if each.is_running and each.supervisor]
        lasting.end(known)
        place.save([])
    if arguments.is_json:
        _print_json([_described(each.name, None) for each in ended])
        return ExitCode.PASSED
    for each in ended:
        print(f"{each.name:10} ended")
    if not ended:
        print("no service runs here")
    return ExitCode.PASSED


# Looking.


def _status(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """Which answer, since when, with how much memory. Exit 2 if one does not."""
    known = lasting.load(place.path)
    asked = {each.name: each for each in known if not each.test}
    names = place.chosen(arguments.names)
    described = [
        _described(name, asked.get(name), usual.note(place.services[name])) for name in names
    ]
    described += [_described(each.name, each) for each in known if each.test and each.is_running]
    if arguments.is_json:
        _print_json(described)
    else:
        for each in described:
            print(_line(each))
    has_all = all(each["state"] == "up" for each in described)
    if not has_all and not arguments.is_json:
        print("next: handrail services up", file=sys.stderr)
    return ExitCode.PASSED if has_all else ExitCode.INFRA_ERROR


def _described(name: str, found: Lasting | None, note: str = "") -> dict[str, Any]:
    if found is None:
        return {"name": name, "state": "down"}
    state = "up" if found.answers() else "silent" if found.is_running else "ended"
    resident, proportional = found.memory_bytes()
    described: dict[str, Any] = {
        "name": name,
        "state": state,
        "url": found.url,
        "backend": found.backend,
        "since": rfc3339(found.since),
        "up_s": round(max(0.0, time.time() - found.since), 1),
        "pid": found.pid or None,
        "rss_bytes": resident,
        "pss_bytes": proportional,
        "log": found.log or None,
    }
    more = {"kept_for": found.test, "note": note}
    return described | {name: text for name, text in more.items() if text}


def _line(described: dict[str, Any]) -> str:
    name, state = described["name"], described["state"]
    if state == "down":
        return f"{name:10} down"
    parts = [f"{name:10} {state:6} {masked(described['url'])}"]
    if described["pid"] and state != "ended":
        parts.append(f"for {format_duration(described['up_s'])}")
        memory = (
            f"{format_size(described['rss_bytes'])} ({format_size(described['pss_bytes'])} PSS)"
        )
        parts.append(memory)
    if described.get("note"):
        parts.append(f"({described['note']})")
    if described.get("kept_for"):
        parts.append(f"kept for {described['kept_for']}")
    return "  ".join(parts)


def _logs(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """The end of what a service printed, and with ``--follow`` what it goes on to print."""
    known = [each for each in lasting.load(place.path) if each.log]
    if len(arguments.names) != 1:
        raise UsageError("logs are of one service", hint="handrail services logs NAME")
    (name,) = place.chosen(arguments.names)
    found = next((each for each in reversed(known) if each.name == name), None)
    if found is None:
        raise UsageError(f"{name} was not started here", hint=f"handrail services up {name}")
    if arguments.is_json and arguments.is_following:
        raise UsageError("--follow and --json do not go together", hint="leave out one of them")
    tail = _LINES if arguments.tail is None else arguments.tail
    if arguments.is_json:
        lines = log_tail(found.log, tail) if tail else []
        print(json.dumps({"schema": "handrail.services/1", "path": found.log, "lines": lines}))
        return ExitCode.PASSED
    _show_log(found, tail, is_following=arguments.is_following)
    return ExitCode.PASSED


def _show_log(found: Lasting, tail: int, *, is_following: bool) -> None:
    """Print its last lines, and then what comes until it ends."""
    if not os.path.exists(found.log):
        raise UsageError(
            f"the log of {found.name} is gone with it", hint=f"handrail services up {found.name}"
        )
    with open(found.log, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines(keepends=True)
        sys.stdout.write("".join(lines[-tail:] if tail else ()))
        sys.stdout.flush()
        while is_following:
            is_running = found.is_running
            more = file.read()
            if more:
                sys.stdout.write(more.decode("utf-8", "replace"))
                sys.stdout.flush()
            elif not is_running:
                return
            else:
                time.sleep(LOOK_S)


# Room.


def _clean(place: Place, arguments: argparse.Namespace) -> ExitCode:
    """Remove what nobody answers for any more, and snapshots that were not used for long."""
    sizes: list[int] = []
    configured = place.wiring.settings.services_folder
    base = Path(configured) if configured else base_folder()
    swept = sweep(base, lambda folder: sizes.append(size_bytes(folder)))
    oldest_s = SNAPSHOT_AGE_S if arguments.older is None else arguments.older
    since = time.time() - oldest_s
    snapshots_bytes = place.snapshots.remove_unused(since)
    kept_bytes = keeping.remove_older(place.kept, since)
    if arguments.is_json:
        document = {
            "schema": "handrail.services/1",
            "sessions": swept,
            "sessions_bytes": sum(sizes),
            "snapshots_bytes": snapshots_bytes,
            "kept_bytes": kept_bytes,
        }
        print(json.dumps(document))
        return ExitCode.PASSED
    print(f"sessions that nobody answers for: {swept}, {format_size(sum(sizes))}")
    print(f"snapshots not used for {oldest_s / 86400:g} days: {format_size(snapshots_bytes)}")
    print(f"databases of failed tests, as old: {format_size(kept_bytes)}")
    return ExitCode.PASSED


def _print_json(described: Sequence[dict[str, Any]]) -> None:
    print(json.dumps({"schema": "handrail.services/1", "services": described}))


def _quoted(value: str) -> str:
    import shlex

    return shlex.quote(value)
