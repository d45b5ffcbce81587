"""An app of the project's own: a command of the configuration, told where to listen."""

import os
import shlex

from handrail.config.references import filled, listens
from handrail.model.services import Address, Probe, Ready, Start
from handrail.model.tiers import ReadyRule, Service
from handrail.services.finding import Programs
from handrail.services.recipe import Place, Recipe
from handrail.services.sessions import FOLDER_VARIABLE

_DESCRIPTOR = "3"
"""As in ``Start.listens``."""
_PORT = 8000
_USUAL = ReadyRule()


def app(service: Service, *, root: str, programs: str) -> Recipe:
    """How it is started, in the folder ``root``; ``programs`` comes first on its ``PATH``."""
    texts = (service.command or "", *(value for _, value in service.env))
    is_given_socket = any("{fd}" in text for text in texts)
    has_address = listens(service)

    def start(_: Programs, place: Place) -> Start:
        port = "{port}" if is_given_socket else str(place.port)  # then the supervisor knows it
        values = {
            **place.values,
            "fd": _DESCRIPTOR,
            "host": place.host,
            "url": f"http://{place.host}:{port}",
            "port": port,
        }
        path = place.env.get("PATH", os.defpath)
        env = {
            **place.env,
            "PATH": f"{programs}{os.pathsep}{path}",
            FOLDER_VARIABLE: place.folder,
            **{name: filled(text, values) for name, text in service.env},
        }
        return Start(
            name=place.name,
            argv=tuple(filled(word, values) for word in shlex.split(service.command or "")),
            folder=place.folder,
            works_in=root,
            env=env,
            address=Address(host=place.host, port=0 if is_given_socket else place.port),
            listens=is_given_socket,
            ready=_ready(service.ready or _USUAL, has_address=has_address),
        )

    return Recipe(
        name=service.name,
        wanted=(),
        extra="",
        start=start,
        url=lambda address: f"http://{address.host}:{address.port}" if has_address else "",
        default_port=_PORT,
    )


def _ready(rule: ReadyRule, *, has_address: bool) -> Ready:
    """As configured; if nothing is, it accepts connections."""
    probe = Probe.NONE
    if rule.http is not None:
        probe = Probe.HTTP
    elif rule.tcp or (has_address and rule.line is None):
        probe = Probe.TCP
    within_s = Ready().within_s if rule.within_s is None else rule.within_s
    return Ready(line=rule.line or "", probe=probe, http_path=rule.http or "/", within_s=within_s)
