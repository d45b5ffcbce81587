"""``handrail run`` and ``handrail start``: leave a run to a supervisor of its own, and watch it.

Nothing that happens to this process happens to the run. Imports next to nothing: while it watches,
the tests need the processor.
"""

import argparse
import gc
import json
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from handrail.cli.run_options import wants_terminal
from handrail.errors import ExitCode
from handrail.execution.console import Console, Watch, detach, end_as, terminal_columns
from handrail.model.surroundings import answers_agent, is_ci

AGENT_WAIT_S = 100.0
"""How long ``run`` follows for an agent, whose tools end commands after two minutes or less."""


def is_foreground(arguments: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether the run stays in this process: in CI, which ends everything with the job anyway, and
    where pytest talks to the terminal itself.
    """
    if arguments.is_ci or arguments.dry_run or wants_terminal(arguments):
        return True
    return is_ci(environ) and arguments.wait_s is None


def run(arguments: argparse.Namespace) -> ExitCode:
    """Start a run and follow it to its verdict."""
    if arguments.repeat > 1:
        from handrail.cli.repeating import repeat

        return repeat(arguments)
    if arguments.is_watch:
        from handrail.cli.watching import watch

        return watch(arguments)
    _forget_warmth_in_ci(arguments)
    if is_foreground(arguments, os.environ):
        return _supervised(arguments, None, is_followed=True)
    return _watch(arguments, is_followed=True)


def start(arguments: argparse.Namespace) -> ExitCode:
    """Start a run; print its id as soon as it has one."""
    _forget_warmth_in_ci(arguments)
    return _watch(arguments, is_followed=False)


def _forget_warmth_in_ci(arguments: argparse.Namespace) -> None:
    """Nothing outlives a job of CI, and a fork has nobody's terminal."""
    if arguments.is_warm and (is_ci(os.environ) or is_foreground(arguments, os.environ)):
        arguments.is_warm = False
        print("note: --warm is ignored in CI and in the foreground", file=sys.stderr)


def _supervised(
    arguments: argparse.Namespace,
    console: Console | None,
    *,
    is_followed: bool,
    told: int | None = None,
) -> ExitCode:
    """Start the session's Python before anything else is imported; not if somebody waits for no more
    than the id of the run, which is known sooner without. ``told``: see ``Prestarted``.
    """
    # Everything a run tells is kept to its end: there is no garbage worth looking for meanwhile.
    gc.disable()
    started = None
    if is_followed or told is not None:
        from handrail.execution.prestart import Prestarted

        started = Prestarted(told)
    from handrail.cli.run import run

    return run(arguments, started, console)


def _watch(arguments: argparse.Namespace, *, is_followed: bool) -> ExitCode:
    watch = Watch()
    began = time.monotonic()
    with _signals(watch):
        _begin(arguments, watch, is_followed=is_followed)
        while not (watch.is_over or (watch.folder and not is_followed)):
            left_s = _patience_s(arguments) - (time.monotonic() - began)
            if left_s <= 0 and watch.folder:
                return _where_it_stands(arguments, watch)
            watch.take_in(None if math.isinf(left_s) else max(0.1, left_s))
            _begin_again_if_lost(arguments, watch, is_followed=is_followed)
    if not is_followed and watch.folder:
        return _started(arguments, watch)
    if watch.is_joined:
        return _join(arguments, watch, began)
    if watch.exit_code is not None:
        return ExitCode(watch.exit_code)
    if watch.folder:
        return _follow_on(arguments, watch, began)
    print(_NEVER_BEGAN, file=sys.stderr)
    return ExitCode.INFRA_ERROR


def _begin(arguments: argparse.Namespace, watch: Watch, *, is_followed: bool) -> None:
    if arguments.is_warm:
        from handrail.cli.warming import fork

        source = fork(arguments)
        if source is not None:
            watch.begin(source, is_forked=True)
            return
    _detach(arguments, watch, is_followed=is_followed)


def _detach(arguments: argparse.Namespace, watch: Watch, *, is_followed: bool) -> None:
    body = partial(_answered, arguments, is_followed=is_followed)
    watch.begin(detach(body, columns=terminal_columns()))


def _begin_again_if_lost(arguments: argparse.Namespace, watch: Watch, *, is_followed: bool) -> None:
    """Begin a run whose forked supervisor ended before it had so much as an id."""
    if not (watch.is_over and watch.is_forked) or watch.has_begun:
        return
    from handrail.cli.warming import say_cold

    say_cold("the fork of the warm process ended")
    os.close(watch.source)
    _detach(arguments, watch, is_followed=is_followed)


_NEVER_BEGAN = """error: the supervisor of the run ended before it began [no-supervisor]

hint: run in the foreground to see why: handrail run --ci"""


def _answered(arguments: argparse.Namespace, console: Console, *, is_followed: bool) -> int:
    from handrail.cli import answered

    if not arguments.is_warm:
        return answered(lambda: int(_supervised(arguments, console, is_followed=is_followed)))
    told = os.memfd_create("handrail-told")
    code = answered(
        lambda: int(_supervised(arguments, console, is_followed=is_followed, told=told))
    )
    console.finish(code)  # nobody is to wait for what follows
    from handrail.cli.warming import leave_warm

    leave_warm(arguments, told)
    return code


def _patience_s(arguments: argparse.Namespace) -> float:
    """How long to follow; without end for whoever is not an agent."""
    if arguments.wait_s is not None:
        return float(arguments.wait_s)
    return AGENT_WAIT_S if answers_agent(arguments.format, os.environ) else math.inf


def _where_it_stands(arguments: argparse.Namespace, watch: Watch) -> ExitCode:
    from handrail.cli.standing import Standing
    from handrail.cli.waiting import show

    watch.tidy()
    return show(Standing(watch.folder), is_json=arguments.format == "json")


def _join(arguments: argparse.Namespace, watch: Watch, began: float) -> ExitCode:
    """Follow a run that goes on already."""
    run_id = os.path.basename(watch.folder)
    print(_joined(run_id), file=sys.stderr)
    return _follow_on(arguments, watch, began)


def _follow_on(arguments: argparse.Namespace, watch: Watch, began: float) -> ExitCode:
    """Follow a run whose supervisor does not talk to us, or no longer, by what it leaves on disk.

    One that was killed closes its files before it is gone: the verdict is still to come.
    """
    from handrail.cli.overhearing import overhear

    watch.tidy()
    left_s = _patience_s(arguments) - (time.monotonic() - began)
    with _signals(watch):
        return overhear(
            arguments, watch, timeout_s=None if math.isinf(left_s) else max(0.0, left_s)
        )


def _started(arguments: argparse.Namespace, watch: Watch) -> ExitCode:
    run_id = os.path.basename(watch.folder)
    if arguments.format == "json":
        started = {"run_id": run_id, "joined": watch.is_joined, "next": f"handrail wait {run_id}"}
        print(json.dumps(started))
    else:
        print(f"{run_id}\nnext: handrail wait {run_id}")
    if watch.is_joined:
        print(_joined(run_id), file=sys.stderr)
    return ExitCode.PASSED


def _joined(run_id: str) -> str:
    return f"run {run_id} does the same: joined (--new begins another)"


@contextmanager
def _signals(watch: Watch) -> Iterator[None]:
    """Ctrl-C stops the run, a second one kills it. SIGTERM and SIGHUP end only us, and SIGHUP not
    even us below ``nohup``.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        watch.interrupt()

    def leave(number: int, _frame: FrameType | None) -> None:
        watch.tidy()
        if watch.folder:
            run_id = os.path.basename(watch.folder)
            with suppress(OSError):
                os.write(2, f"run {run_id} goes on: handrail wait {run_id}\n".encode())
        end_as(signal.Signals(number))

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
