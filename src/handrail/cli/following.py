"""Follow a run to its verdict and publish what it told. Imported while the session starts."""

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, Self, TextIO

from handrail.app.running import Follower, Report, conclude, lessons_of, remember, start_event
from handrail.cli.request import Request
from handrail.core.folding import Folding
from handrail.errors import ExitCode, StateError
from handrail.execution.child import Session
from handrail.model.events import Event, Note
from handrail.reporters.live import LiveView, live
from handrail.runs.atomic import write_atomically
from handrail.runs.event_log import EventLog
from handrail.runs.folder import RunFolder
from handrail.runs.locking import Busy, Held, RunLock
from handrail.wiring import Wiring


def follow(
    arguments: argparse.Namespace,
    wiring: Wiring,
    request: Request,
    session: Session,
    folder: RunFolder,
    began_at: float,
) -> ExitCode:
    """Follow a session to its end, judge it, publish what it told; return the exit code."""
    shape = wiring.format(arguments.format)
    folding = Folding()
    lessons, note = lessons_of(wiring.history)
    session.teach(lessons)
    env = _env(wiring)
    lock = _lock(wiring, folder, began_at)
    with EventLog(folder.events) as log, lock if isinstance(lock, Held) else nullcontext():
        with _view(arguments, request, shape, folding) as view:
            follower = Follower(
                session=session,
                spec=request.spec,
                folding=folding,
                log=log,
                view=view,
                on_event=_printer(shape),
                root=str(wiring.root),
                is_listing=request.is_listing,
                printed=lambda: _end_of(folder.pytest_log),
            )
            with _signals(follower):
                follower.tell(
                    start_event(
                        request.spec,
                        at=began_at,
                        tiers=request.named or tuple(tier.name for tier in request.plan.chosen),
                        selection=request.selection,
                        budget_s=request.budget_s,
                        env=env,
                    )
                )
                notes = (note, _note(wiring.state.note), _mixed(request), _company(lock))
                for each in filter(None, notes):
                    follower.tell(each)
                follower.follow()
        report = conclude(
            folding, log, wiring.history, allow_empty=arguments.allow_empty or request.is_listing
        )
        session.close()
        kept = remember(report, wiring.history, env)
        problems = [each for each in (kept, log.problem) if each]
    return _publish(arguments, wiring, shape, report, folder, problems)


def _lock(wiring: Wiring, folder: RunFolder, began_at: float) -> Held | Busy | None:
    """The lock of this work tree, or who holds it; None where there are no locks."""
    try:
        return RunLock(wiring.state.folder.lock).acquire(run_id=folder.run_id, at=began_at)
    except StateError:
        return None


def _company(lock: Held | Busy | None) -> Note | None:
    if not isinstance(lock, Busy):
        return None
    text = f"run {lock.run_id} is under way in this work tree too: durations say little, and tests may meet"
    return Note(at=time.time(), text=text, code="two-runs", is_warning=True)


def _env(wiring: Wiring) -> dict[str, str]:
    import platform
    from importlib import metadata

    from handrail.runs import checkout

    commit = checkout.commit(wiring.root)
    env = {
        "python": platform.python_version(),
        "pytest": metadata.version("pytest"),
        "platform": sys.platform,
    }
    if commit:
        with checkout.DirtyCheck(wiring.root, timeout_s=1.0) as check:
            is_dirty = check.result()
        env |= {"commit": commit, "dirty": {True: "yes", False: "no", None: ""}[is_dirty]}
    return env


def _note(text: str) -> Note | None:
    return Note(at=time.time(), text=text, code="state", is_warning=True) if text else None


def _mixed(request: Request) -> Note | None:
    if "-s" not in request.pytest_arguments or request.spec.workers < 2:
        return None
    text = f"-s with {request.spec.workers} workers: lines of different tests are mixed; -n 0 keeps them apart"
    return Note(at=time.time(), text=text, code="mixed-output")


@contextlib.contextmanager
def _signals(follower: Follower) -> Iterator[None]:
    """Ctrl-C stops the run, a second one kills it; SIGTERM and SIGHUP stop it."""

    def stop(number: int, _frame: FrameType | None) -> None:
        follower.stop_asked = "interrupted" if number == signal.SIGINT else "terminated"
        follower.stops += 1

    before = {
        each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _NoView:
    def tick(self, now: float) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


def _view(
    arguments: argparse.Namespace, request: Request, shape: str, folding: Folding
) -> LiveView:
    if arguments.is_quiet or request.has_terminal:
        return _NoView()
    is_terminal = sys.stderr.isatty() and shape != "github"
    columns = os.get_terminal_size(sys.stderr.fileno()).columns if is_terminal else 80
    return live(folding, sys.stderr, is_terminal=is_terminal, is_coloured=True, width=columns)


def _printer(shape: str) -> Callable[[Event], None] | None:
    if shape != "ndjson":
        return None
    from handrail.reporters.ndjson import line

    return lambda event: print(line(event), end="", flush=True)


def _publish(
    arguments: argparse.Namespace,
    wiring: Wiring,
    shape: str,
    report: Report,
    folder: RunFolder,
    problems: list[str],
) -> ExitCode:
    from handrail.reporters import json_report

    artifacts = {
        "folder": _shown(folder.path, wiring),
        "events": "events.ndjson",
        "pytest_log": "pytest.log",
    }
    extras = json_report.Extras(
        outcomes=report.outcomes, artifacts=artifacts, has_tests=arguments.tests
    )
    document = json_report.document(
        report.record, report.judgement, report.causes, report.labels, extras
    )
    document["command"] = "run"
    try:
        write_atomically(folder.report, json_report.text(document).encode("ascii"))
    except StateError as error:
        problems.append(f"the report could not be written: {error.where or error.what}")
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
    if shape == "ndjson":
        from handrail.reporters.ndjson import line

        if report.record.ended is not None:
            print(line(report.record.ended), end="")
    else:
        _print(_answer(arguments, wiring, shape, report, folder, document), sys.stdout)
    _retain(wiring, folder)
    return report.judgement.exit_code


def _answer(
    arguments: argparse.Namespace,
    wiring: Wiring,
    shape: str,
    report: Report,
    folder: RunFolder,
    document: dict[str, Any],
) -> str:
    parts = (report.record, report.judgement, report.causes, report.labels)
    path = _shown(folder.report, wiring)
    match shape:
        case "json":
            from handrail.reporters import json_report

            return json_report.text(document)
        case "agent":
            from handrail.reporters.digest import digest

            return digest(*parts, report_path=path)
        case "github":
            from handrail.reporters import github
            from handrail.reporters.human import human

            _write_step_summary(wiring, github.step_summary(*parts))
            annotations = github.annotations(report.record, report.judgement, report.causes)
            return "\n".join(filter(None, (human(*parts, report_path=path), annotations)))
        case _:
            from handrail.reporters.human import human

            log = _sections_of(folder.pytest_log)
            text = human(*parts, is_coloured=wiring.is_coloured(arguments.color), report_path=path)
            return f"{log}{text}"


def _sections_of(log: Path) -> str:
    """What pytest and its plugins have to say at the end, beside the failures: durations, coverage."""
    from handrail.reporters.sections import sections

    return sections(_end_of(log))


def _end_of(log: Path, most_bytes: int = 2_000_000) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - most_bytes))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _write_step_summary(wiring: Wiring, text: str) -> None:
    path = wiring.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.write(text)


def _shown(path: Path, wiring: Wiring) -> str:
    return str(path.relative_to(wiring.folder)) if path.is_relative_to(wiring.folder) else str(path)


def _print(text: str, stream: TextIO) -> None:
    from handrail.core.text import encodable

    print(encodable(text, stream.encoding or "utf-8"), file=stream, flush=True)


def _retain(wiring: Wiring, folder: RunFolder) -> None:
    """Remove runs beyond what is kept."""
    from handrail.runs import retention

    now = time.time()
    runs = {each.run_id: each for each in wiring.state.folder.runs()}
    if len(runs) > retention.Limits().passed:
        measured = [retention.measure(each, now=now) for each in runs.values()]
        removed = retention.to_remove(measured, retention.Limits(), protected={folder.run_id})
        retention.remove([runs[each] for each in removed])
