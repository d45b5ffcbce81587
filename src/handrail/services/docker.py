"""Servers in containers, by the ``docker`` program: one container each, gone with its owner.

``docker run`` stays in the foreground under the supervisor, so its output is the server's log and its
end is the server's. A container outlives a client that is killed, so its removal is noted before it
is started, and whoever starts containers next removes those whose session is gone.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from handrail.frozen import dataclass, replace
from handrail.model.services import Address, Start
from handrail.model.tiers import Service
from handrail.services.recipe import Place, Recipe

SESSION = "handrail.session"
"""Label: the session's folder."""
MACHINE = "handrail.machine"
"""Label: where that folder can be seen."""
WITHIN_S = 60.0
"""To be ready: a container makes its data folder first."""
ANSWER_S = 20.0
"""The daemon may take that long for an answer."""
PULL_S = 600.0
_SIGKILL = 9
_SHARED_MEMORY = "256m"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """An image that is here."""

    name: str
    volumes: tuple[str, ...]
    """Folders that it declares as volumes: they are put in memory."""


class Docker:
    """A ``Backend``. ``say``: told of what takes long."""

    name = "docker"

    def __init__(self, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._environ = environ
        self._say = say
        self._answers: dict[str, Usable | str] = {}
        """By image: what is known of it, or why it cannot be used."""
        self._is_swept = False

    def refusal(self, service: Service, recipe: Recipe) -> str:
        """No program, no daemon, no image. One that is missing is pulled, once."""
        image = image_of(service, recipe)
        if image is None:
            return f"no image is known for {service.name}; name one (image = ...)"
        answer = self._usable(image)
        return answer if isinstance(answer, str) else ""

    def order(self, service: Service, recipe: Recipe, place: Place) -> Start:
        """A container with its data in memory, at the place's address."""
        image = image_of(service, recipe)
        assert image is not None
        assert recipe.image is not None  # it has not refused
        usable = self._usable(image)
        assert isinstance(usable, Usable)
        self._sweep_once()
        docker = client(self._environ)
        container = f"handrail-{Path(place.folder).parent.name}-{place.name}"
        inside = recipe.image
        return Start(
            name=place.name,
            argv=(
                *(*docker, "run", "--pull", "never", "--name", container),
                *_labels(place),
                *("--publish", f"{place.host}:{place.port}:{inside.port}"),
                *("--log-driver", "none", "--shm-size", _SHARED_MEMORY),
                *_repeated("--tmpfs", usable.volumes),
                *_repeated("--env", (f"{key}={value}" for key, value in inside.env.items())),
                *_memory(service),
                *(usable.name, *inside.command, *recipe.limits(service)),
            ),
            folder=place.folder,
            env=place.env,
            address=Address(host=place.host, port=place.port),
            ready=replace(inside.ready, within_s=max(inside.ready.within_s, WITHIN_S)),
            stop_signal=_SIGKILL,  # of the client: what it would pass on, a server may take its time for
            stop_within_s=ANSWER_S,
            undo=(*docker, "rm", "--force", "--volumes", container),
        )

    def _usable(self, image: str) -> Usable | str:
        if image not in self._answers:
            self._answers[image] = self._look(image)
        return self._answers[image]

    def _look(self, image: str) -> Usable | str:
        why = no_client(self._environ)
        if why:
            return why
        docker = client(self._environ)
        inspect = [*docker, "image", "inspect", "--format", "{{json .Config.Volumes}}", image]
        said, trouble = ask(inspect, self._environ)
        if trouble and "No such image" in trouble:
            self._say(f"docker pulls the image {image}, which is not here")
            _, trouble = ask([*docker, "pull", "--quiet", image], self._environ, PULL_S)
            if trouble:
                return f"the image {image} is not here and cannot be pulled: {_last(trouble)}"
            said, trouble = ask(inspect, self._environ)
        if trouble:
            return reason(trouble)
        return Usable(name=image, volumes=tuple(sorted(json.loads(said) or ())))

    def _sweep_once(self) -> None:
        if not self._is_swept:
            self._is_swept = True
            sweep(self._environ)


def image_of(service: Service, recipe: Recipe) -> str | None:
    """The image that was configured, or the usual one in the version that is wanted."""
    if service.image is not None or recipe.image is None:
        return service.image if recipe.image is not None else None
    if service.version is None:
        return recipe.image.name
    return re.sub(r":[\d.]+", f":{service.version}", recipe.image.name)


def client(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The ``docker`` program, and which daemon it is to talk to, whoever runs it."""
    program = shutil.which("docker", path=environ.get("PATH", os.defpath)) or "docker"
    if environ.get("DOCKER_HOST"):
        return (program, "--host", environ["DOCKER_HOST"])
    if environ.get("DOCKER_CONTEXT"):
        return (program, "--context", environ["DOCKER_CONTEXT"])
    return (program,)


def no_client(environ: Mapping[str, str]) -> str:
    """Why no daemon of this machine can be asked, as far as that is known without asking."""
    host = environ.get("DOCKER_HOST", "")
    if host and not host.startswith(("unix://", "npipe://")):
        return f"its daemon is on another machine ({host}), where ports are not ours"
    if shutil.which("docker", path=environ.get("PATH", os.defpath)) is None:
        return "no docker on PATH"
    return ""


def ask(
    command: list[str], environ: Mapping[str, str], timeout_s: float = ANSWER_S
) -> tuple[str, str]:
    """What it printed, and what went wrong: empty if nothing did."""
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except OSError as error:
        return "", f"{command[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return "", f"no answer within {timeout_s:g} s"
    trouble = done.stderr.strip() or f"exit code {done.returncode}"
    return done.stdout, trouble if done.returncode else ""


def reason(trouble: str) -> str:
    """What a person can do something about, out of what docker printed."""
    found = re.search(r"Cannot connect to the Docker daemon at (\S+)\. Is", trouble)
    if found:
        return f"its daemon does not run ({found[1]})"
    if "permission denied" in trouble:
        return "its daemon may not be used by this user (permission denied)"
    return _last(trouble)


def sweep(environ: Mapping[str, str]) -> int:
    """Remove the containers of sessions of this machine that are gone; return how many.

    Those that a killed session has noted go with its folder. What is left is one whose client was
    killed while the daemon was still making it.
    """
    docker = client(environ)
    said, _ = ask(
        [
            *(*docker, "ps", "--all", "--no-trunc", "--filter", f"label={MACHINE}={machine()}"),
            *("--format", f'{{{{.ID}}}} {{{{.Label "{SESSION}"}}}}'),
        ],
        environ,
    )
    listed = (line.split(" ", 1) for line in said.splitlines() if " " in line)
    lost = [container for container, folder in listed if not os.path.isdir(folder)]
    if lost:
        ask([*docker, "rm", "--force", "--volumes", *lost], environ)
    return len(lost)


def machine() -> str:
    """Name this machine, and the files that we see of it: jobs in containers may share its daemon."""
    view = 0
    with contextlib.suppress(OSError):
        view = os.stat("/proc/self/ns/mnt").st_ino
    return f"{os.uname().nodename}-{view}"


def _labels(place: Place) -> Iterator[str]:
    session = str(Path(place.folder).parent)
    return _repeated("--label", (f"{SESSION}={session}", f"{MACHINE}={machine()}"))


def _memory(service: Service) -> Iterator[str]:
    limit = service.memory_bytes
    return _repeated("--memory", () if limit is None else (str(limit),))


def _repeated(option: str, values: "Iterator[str] | tuple[str, ...]") -> Iterator[str]:
    for value in values:
        yield from (option, value)


def _last(text: str) -> str:
    return text.strip().splitlines()[-1]
