"""What ``flaky bisect`` and ``flaky stress`` share: the session that tries, made of a run's command line."""

import argparse
from collections.abc import Sequence

from handrail.cli.parser import parse
from handrail.cli.request import understand
from handrail.frozen import dataclass, replace
from handrail.model.spec import RunSpec
from handrail.model.tiers import Isolation
from handrail.wiring import Wiring

_FLAGS_OF_RUNS = ("-x", "--lf", "--ff", "-s", "--pdb", "--co")
_VALUES_OF_RUNS = ("--maxfail", "--junitxml", "--durations", "--cov-report", "-k", "--deselect")
_KEPT = ("-p", "-o", "-W", "-c", "--rootdir", "--confcutdir", "--import-mode", "--ignore")
"""Options of pytest that decide what a test is, and not which tests are run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command line of ``handrail run``, as far as it says how tests are collected."""

    spec: RunSpec
    options: tuple[str, ...]
    """Of a run of the same tests in the same way."""
    _arguments: tuple[str, ...]
    _targets: int

    def pytest_arguments(self, modules: Sequence[str] = ()) -> tuple[str, ...]:
        """What pytest is given to collect everything, or only ``modules``."""
        if not modules:
            return self._arguments
        kept = len(self._arguments) - self._targets
        return (*self._arguments[:kept], *modules)


def asked(arguments: argparse.Namespace, wiring: Wiring, given: Sequence[str] = ()) -> Asked:
    """What to collect: as named now, or as in the run that was started by ``given``.

    Raises: UsageError, ConfigError, RefusedError.
    """
    run = parse(given or ("run", *arguments.targets))
    run.tier = run.tier if given else arguments.tier
    run.allow = arguments.allow
    run.workers, run.order, run.remaining = 0, None, None
    run.cov = []
    for name in _FLAGS_OF_RUNS:
        setattr(run, f"pytest{name}", False)
    for name in _VALUES_OF_RUNS:
        setattr(run, f"pytest{name}", [])
    run.timeout = arguments.timeout or run.timeout
    request = understand(run, wiring)
    spec = replace(request.spec, run_id="trials", workers=0, isolate=Isolation.WORKER)
    options = [word for tier in request.named for word in ("--tier", tier)]
    for name in _KEPT:
        for value in getattr(run, f"pytest{name}"):
            options += [f"{name}={value}"] if name.startswith("--") else [name, value]
    targets = len([each for each in run.targets if each not in request.named])
    return Asked(
        spec=spec,
        options=tuple(options),
        _arguments=request.pytest_arguments,
        _targets=targets,
    )
