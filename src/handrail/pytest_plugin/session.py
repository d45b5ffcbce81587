"""Join a session to a run of ``handrail run``, or guard a plain ``pytest`` session with the policy."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from handrail.core.policy import Circumstances, place_of
from handrail.errors import UserError
from handrail.execution import wire
from handrail.model.events import RunProblem, SessionFinished, Withheld
from handrail.model.outcomes import Verdict
from handrail.model.spec import RunSpec
from handrail.model.tiers import Settings
from handrail.pytest_plugin.lessons import Later
from handrail.pytest_plugin.ordering import register_order
from handrail.pytest_plugin.preparing import (
    KEPT_IN,
    check_markers,
    disarm_xdist,
    make_barrier,
    prepare_services,
    register_markers,
)
from handrail.pytest_plugin.recording import EventStream
from handrail.pytest_plugin.remaining import register_remaining
from handrail.pytest_plugin.selection import Barrier
from handrail.pytest_plugin.watching import register_watching
from handrail.system import processes


def join_run(config: pytest.Config) -> None:
    """Play the part that ``handrail run`` started this session for.

    The option holds descriptors: where the spec comes from, and where events go.
    """
    source, _, sink = config.getoption("handrail_run").partition(",")
    message = wire.receive(int(source))
    if message is None:
        raise pytest.UsageError("--handrail-run is for handrail itself")
    if message[0] == "worker":
        from handrail.pytest_plugin.spawning import join_as_worker

        join_as_worker(config, *message[1:])
        return
    if message[0] == "trials":
        _join_as_server(config, message[1], int(source), int(sink))
        return
    processes.die_with_parent()
    spec: RunSpec = message[1]
    for descriptor in (int(source), int(sink)):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - positional only
    stream = EventStream(int(sink))
    disarm_xdist(config)
    try:
        barrier = make_barrier(config, spec)
        register_order(config, spec.seed, is_here=not spec.workers)
    except UserError as error:
        stream.add(
            RunProblem(
                at=time.time(),
                verdict=Verdict.REFUSED if error.exit_code == 5 else Verdict.CONFIG_ERROR,
                code=error.reference,
                message="; ".join(filter(None, (error.what, *error.where.splitlines()))),
                fix=error.hint,
            )
        )
        stream.flush()
        raise pytest.UsageError(error.text()) from None
    register_markers(config, spec.settings)
    config.pluginmanager.register(barrier, "handrail-barrier")
    prepare_services(config, spec.settings, is_keeping=spec.is_keeping)
    register_remaining(config, spec)
    config.stash[KEPT_IN] = spec.kept_in
    if config.pluginmanager.hasplugin("playwright"):
        from handrail.pytest_plugin.attaching import BrowserOutput

        config.pluginmanager.register(BrowserOutput(spec.kept_in), "handrail-output")
    if spec.test_log:
        from handrail.pytest_plugin.log_recording import register_test_log

        register_test_log(config, spec, stream)
    _register_guard(config, spec, stream)
    register_watching(config, spec)
    _register_runner(config, spec, barrier, stream, Later(int(source)))
    config.pluginmanager.register(Closing(config, stream), "handrail-closing")
    telling = sys.modules.get("handrail.pytest_plugin.telling")
    if telling is not None:
        config.pluginmanager.register(telling, "handrail-telling")


def _join_as_server(config: pytest.Config, spec: RunSpec, source: int, sink: int) -> None:
    """Collect once, for others to fork from."""
    from handrail.pytest_plugin.trials import join_as_server

    try:
        join_as_server(config, spec, source, sink)
    except UserError as error:
        raise pytest.UsageError(error.text()) from None
    prepare_services(config, spec.settings)


def _register_runner(
    config: pytest.Config, spec: RunSpec, barrier: Barrier, stream: EventStream, lessons: Later
) -> None:
    """Whoever runs the tests: workers, or this process."""
    if spec.workers:
        from handrail.pytest_plugin.parallel import Parallel

        runner: Any = Parallel(config, spec, barrier, stream, lessons)
    else:
        from handrail.pytest_plugin.single import Single

        runner = Single(config, spec, barrier, stream, lessons)
    config.pluginmanager.register(runner, "handrail-run")
    if not spec.workers and barrier.has_retries:
        from handrail.pytest_plugin.trying_again import TryingAgain

        config.pluginmanager.register(TryingAgain(barrier, runner), "handrail-trying-again")


def _register_guard(config: pytest.Config, spec: RunSpec, stream: EventStream) -> None:
    if spec.guard:
        from handrail.pytest_plugin.guarding import Leaks, have_guard_tell, register_guard

        register_guard(config, spec.guard)
        leaks = Leaks(stream)
        config.pluginmanager.register(leaks, "handrail-leaks")
        have_guard_tell(config, leaks.add)  # workers tell theirs to the controller


class Closing:
    """Says how pytest's session ended."""

    def __init__(self, config: pytest.Config, stream: EventStream) -> None:
        self._config = config
        self._stream = stream
        self._services: dict[str, set[str]] = {}
        self._status = 0
        self._warnings = 0

    def pytest_warning_recorded(self) -> None:
        """Count."""
        self._warnings += 1

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Pytest prints the traceback; the verdict says what it ends with."""
        lines = [line for line in excinfo.exconly(tryshort=True).splitlines() if line.strip()]
        self._stream.add(
            RunProblem(
                at=time.time(),
                verdict=Verdict.INFRA_ERROR,
                code="internal-error",
                message=f"pytest had an internal error: {lines[-1] if lines else ''}"[:2000],
                fix="see pytest.log of this run: a plugin or a hook of a conftest raised",
            )
        )
        self._stream.flush()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Any:
        """Look at the status after every plugin had its say."""
        result = yield
        self._status = int(session.exitstatus)
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The last thing that is heard of this session."""
        providing: Any = self._config.pluginmanager.get_plugin("handrail-services")
        self.add_services(providing.fleet.used if providing is not None else {})
        self._stream.add(
            SessionFinished(
                at=time.time(),
                pytest_exit=self._status,
                warnings=self._warnings,
                services={name: "+".join(sorted(e)) for name, e in sorted(self._services.items())},
            )
        )
        self._stream.flush()

    def add_services(self, used: Mapping[str, Iterable[str]]) -> None:
        """What a worker had its services from."""
        for service, backends in used.items():
            self._services.setdefault(service, set()).update(backends)


# Plain pytest.


def guard(config: pytest.Config, settings: Settings) -> None:
    """Hold a plain ``pytest`` session to the tiers: deselect, check before set-up, and say so."""
    from handrail.runs.grants import Grants

    grants = Grants(Path(config.rootpath, settings.state, "grants.json"))
    try:
        check_markers(config, settings)
        here = Circumstances(
            place=place_of(os.environ),
            granted=grants.granted(time.time()),
            flagged=frozenset(config.getoption("handrail_allow")),
            environ=os.environ,
        )
        barrier = Barrier(config, settings, config.getoption("handrail_tiers"), here)
    except UserError as error:
        raise pytest.UsageError(error.text()) from None
    register_markers(config, settings)
    prepare_services(config, settings)
    config.pluginmanager.register(barrier, "handrail-barrier")
    config.pluginmanager.register(Explanation(config, barrier), "handrail-explanation")


class Explanation:
    """Says at the end of a plain pytest session what was withheld, under xdist too."""

    def __init__(self, config: pytest.Config, barrier: Barrier) -> None:
        self._config = config
        self._barrier = barrier
        self._is_told = False

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker of xdist hands its count to the controller."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["handrail_withheld"] = self._barrier.withheld()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Every worker of xdist collects everything: the first one's count is the count."""
        withheld = getattr(node, "workeroutput", {}).get("handrail_withheld")
        if withheld is not None and not self._is_told:
            self._is_told = True
            self._barrier.add_withheld(withheld)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line for each reason."""
        for line in explain(self._barrier.summary()):
            terminalreporter.write_line(line)


def explain(withheld: Sequence[Withheld]) -> list[str]:
    """Lines for a person."""
    lines = []
    for each in withheld:
        tests = "1 test" if each.count == 1 else f"{each.count} tests"
        tier = f" of tier {each.tier}" if each.tier else ""
        way = f"; to run: {each.open_with}" if each.open_with else ""
        lines.append(f"handrail withheld {tests}{tier}: {each.reason}{way}")
    return lines
