"""MQTT, by Mosquitto. Whoever comes may connect; nothing outlives the server."""

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Image, Place, Recipe

CONFIGURATION = "mosquitto.conf"
_SETTINGS = """\
listener {port} {host}
allow_anonymous true
persistence false
set_tcp_nodelay true
log_dest stdout
"""


def _start(programs: Programs, place: Place) -> Start:
    return Start(
        name=place.name,
        argv=(programs.main, "-c", f"{place.folder}/{CONFIGURATION}"),
        folder=place.folder,
        files={CONFIGURATION: _SETTINGS.format(host=place.host, port=place.port)},
        env=place.env,
        address=Address(host=place.host, port=place.port),
        ready=Ready(probe=Probe.MQTT),
    )


def _url(address: Address) -> str:
    return f"mqtt://{address.host}:{address.port}"


MQTT = Recipe(
    name="mqtt",
    wanted=(Wanted(programs=("mosquitto",), folders=("/opt/homebrew/sbin",)),),
    extra="",
    start=_start,
    url=_url,
    default_port=1883,
    image=Image(
        name="eclipse-mosquitto:2",
        port=1883,
        command=("mosquitto", "-c", "/mosquitto-no-auth.conf"),
        ready=Ready(probe=Probe.MQTT),
    ),
    drops_root=True,
)
