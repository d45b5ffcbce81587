"""NATS with JetStream, whose store is in its folder."""

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Image, Place, Recipe


def _start(programs: Programs, place: Place) -> Start:
    return Start(
        name=place.name,
        argv=(
            *(programs.main, "--addr", place.host, "--port", str(place.port)),
            *("--jetstream", "--store_dir", f"{place.folder}/jetstream"),
        ),
        folder=place.folder,
        env=place.env,
        address=Address(host=place.host, port=place.port),
        ready=Ready(line="Server is ready", probe=Probe.NATS),
    )


def _url(address: Address) -> str:
    return f"nats://{address.host}:{address.port}"


NATS = Recipe(
    name="nats",
    wanted=(Wanted(programs=("nats-server",)),),  # a wheel puts it beside the interpreter
    extra="nats",
    start=_start,
    url=_url,
    default_port=4222,
    image=Image(
        name="nats:2-alpine", port=4222, command=("--jetstream",), ready=Ready(probe=Probe.NATS)
    ),
)
