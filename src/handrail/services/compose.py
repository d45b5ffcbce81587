"""A stack that a project has already: a compose file, brought up for one process and taken down again.

The file is used as it is. One thing is laid over it: ports that it publishes on the default network
without naming an address are published on this process's own, so that workers do not clash.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from handrail.model.services import Address, Probe, Ready, Start
from handrail.model.tiers import Service
from handrail.services import composing
from handrail.services.docker import ANSWER_S, ask, client, no_client, reason
from handrail.services.recipe import Place, Recipe

WITHIN_S = 600.0
"""To be healthy: images may have to be pulled or built first."""
_OVERLAY = "overlay.json"  # JSON is YAML too
_REMOVE = """\
of="label=com.docker.compose.project=$1"; shift
found() {
    "$@" ps --all --quiet --filter "$of" &&
        "$@" network ls --quiet --filter "$of" &&
        "$@" volume ls --quiet --filter "$of"
}
before=$(found "$@") || exit 1
{
    "$@" ps --all --quiet --filter "$of" | xargs -r "$@" rm --force --volumes
    "$@" network ls --quiet --filter "$of" | xargs -r "$@" network rm
    "$@" volume ls --quiet --filter "$of" | xargs -r "$@" volume rm --force
} > /dev/null
after=$(found "$@") || exit 1
[ -z "$before" ] || [ -n "$after" ] || echo removed
"""
"""Without compose and without the file: both may be gone by then. It says so only when all is gone."""


class Compose:
    """A ``Backend``, for services that name a compose file. ``root``: the project's folder."""

    name = "compose"

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root
        self._program: tuple[tuple[str, ...], str] | None = None

    def refusal(self, service: Service, recipe: Recipe) -> str:  # noqa: ARG002 - others need it
        """No file, no daemon, no compose."""
        if service.compose is None:
            return "no compose file is named (compose = ...)"
        if service.service is None:
            return f"it is not said which service of {service.compose} is meant (service = ...)"
        if not (self._root / service.compose).is_file():
            return f"there is no file {service.compose}"
        return self._compose()[1]

    def order(self, service: Service, recipe: Recipe, place: Place) -> Start:
        """The whole stack, under a name of its own."""
        assert service.compose is not None
        assert service.service is not None  # it has not refused
        file = self._root / service.compose
        folder = Path(place.folder)
        project = f"handrail-{folder.parent.name}-{place.name}".lower().replace(".", "-")
        overlay = folder / _OVERLAY
        docker = client(self._environ)
        compose = (
            *(*self._compose()[0], "--project-name", project),
            *("--project-directory", str(file.parent), "--file", str(file), "--file", str(overlay)),
        )
        port = service.port or recipe.default_port
        return Start(
            name=place.name,
            argv=(
                *(sys.executable, "-I", "-S", composing.__file__),
                *(project, service.service, str(port), *docker, "--", *compose),
            ),
            folder=place.folder,
            files={_OVERLAY: _overlay(file.read_text("utf-8"), place.host)},
            env=place.env,
            address=Address(host=place.host),
            ready=Ready(line=composing.READY, probe=_probe(recipe), within_s=WITHIN_S),
            stop_signal=9,
            stop_within_s=3 * ANSWER_S,
            undo=("/bin/sh", "-c", _REMOVE, "sh", project, *docker),
        )

    def _compose(self) -> tuple[tuple[str, ...], str]:
        """How to call it; or why it cannot be."""
        if self._program is None:
            self._program = self._look()
        return self._program

    def _look(self) -> tuple[tuple[str, ...], str]:
        why = no_client(self._environ)
        if why:
            return (), why
        docker = client(self._environ)
        _, trouble = ask([*docker, "version"], self._environ)
        if trouble:
            return (), reason(trouble)
        _, trouble = ask([*docker, "compose", "version"], self._environ)
        if not trouble:
            return (*docker, "compose"), ""
        alone = shutil.which("docker-compose", path=self._environ.get("PATH", os.defpath))
        return (
            ((), "neither docker compose nor docker-compose is here")
            if alone is None
            else ((alone,), "")
        )


def stack(service: Service) -> Recipe:
    """A recipe for a stack that has the name of no known server."""

    def cannot(*_: object) -> Start:
        raise AssertionError(f"{service.name} is started by compose only")

    return Recipe(
        name=service.name,
        wanted=(),
        extra="",
        start=cannot,
        url=lambda address: f"tcp://{address.host}:{address.port}",
        default_port=0,
    )


def url_of(service: Service, recipe: Recipe, address: Address) -> str:
    """As the configuration writes it, or as the recipe does."""
    if service.url_format is None:
        return recipe.url(address)
    return service.url_format.replace("{host}", address.host).replace("{port}", str(address.port))


def _overlay(text: str, host: str) -> str:
    """To be laid over a file: its version, if it has one, must be the same."""
    options = {"com.docker.network.bridge.host_binding_ipv4": host}
    overlay: dict[str, object] = {"networks": {"default": {"driver_opts": options}}}
    version = re.search(r"^version:\s*[\"']?([\d.]+)", text, re.MULTILINE)
    if version:
        overlay = {"version": version[1], **overlay}
    return json.dumps(overlay)


def _probe(recipe: Recipe) -> Probe:
    return Probe.TCP if recipe.image is None else recipe.image.ready.probe
