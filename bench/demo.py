"""``make demo``: a well-known project's own suite under plain pytest, xdist and handrail; then tests
that want a real Postgres and a real Redis.

Fetches the project's source distribution once; after that it works without a network. Ends on
handrail's own output, live.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import commands
import downstream
import real_suites
from commands import BrokenRunError, Command, Project
from environment import FetchError

SUITE = "click"
SHOP = Path(__file__).parent.parent / "examples" / "shop"
HANDRAIL = str(Path(sys.executable).with_name("handrail"))
WORKERS = 2
BAR_WIDTH = 50
LIMIT_S = 120


def main() -> int:
    """Run the demonstration; the exit code is handrail's."""
    suite = real_suites.named(SUITE)
    try:
        _step(f"Fetching {suite.name} {suite.version} and installing it into .tools/ (once)")
        project = downstream.project_of(suite)
        times = _times(project)
    except FetchError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        print("\nhint: this step needs a package index; check `pip download`", file=sys.stderr)
        return 4
    except BrokenRunError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1
    print(f"\n{_chart(times)}")
    return _live(commands.handrail(project, WORKERS), project) or _with_services()


def _with_services() -> int:
    """No Docker, no root: the servers come from wheels where the machine has none."""
    _step("A project that needs Postgres and Redis, examples/shop: handrail run -n 2")
    print(flush=True)
    return subprocess.run([HANDRAIL, "run", "-n", str(WORKERS)], check=False, cwd=SHOP).returncode


def _times(project: Project) -> Mapping[str, float]:
    _step("Compiling its modules, so that nobody's time includes that")
    _timed(commands.plain(project, "--collect-only"), project)
    compared = {
        "pytest": commands.plain(project),
        f"pytest-xdist -n {WORKERS}": commands.xdist(project, WORKERS, "load"),
        f"handrail run -n {WORKERS}": commands.handrail(project, WORKERS),
    }
    times = {}
    for label, command in compared.items():
        _step(f"Running its tests: {label}")
        times[label] = _timed(command, project)
        print(f"    {times[label]:.1f} s")
    return times


def _timed(command: Command, project: Project) -> float:
    return commands.run_to_the_end(command, project, limit_s=LIMIT_S).wall_s


def _chart(times: Mapping[str, float]) -> str:
    longest = max(times.values())
    width = max(map(len, times))
    return "\n".join(
        f"{label:<{width}}  {'█' * max(1, round(BAR_WIDTH * time / longest))} {time:.1f} s"
        for label, time in times.items()
    )


def _live(command: Command, project: Project) -> int:
    _, *words = command.words
    _step(f"Once more, live: handrail {' '.join(words)}")
    print(flush=True)
    return subprocess.run(
        command.words, check=False, cwd=project.folder, env=project.environment.variables()
    ).returncode


def _step(text: str) -> None:
    print(f"--> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
