"""Kafka's protocol, by the mock cluster inside librdkafka. It is a mock, and says so."""

from pathlib import Path

from handrail.model.services import Address, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Place, Recipe

NOTE = "a mock cluster of librdkafka, no broker"
_SERVER = Path(__file__).parent.parent / "kafka_mock.py"


def _start(programs: Programs, place: Place) -> Start:
    return Start(
        name=place.name,
        argv=(programs.main, "-I", "-S", str(_SERVER), programs.modules["confluent_kafka"]),
        folder=place.folder,
        env=place.env,
        address=Address(host="127.0.0.1"),  # librdkafka takes no other, and chooses the port
        ready=Ready(line=r"mock cluster at 127\.0\.0\.1:(?P<port>\d+)", probe=Probe.TCP),
    )


def _url(address: Address) -> str:
    return f"{address.host}:{address.port}"


KAFKA = Recipe(
    name="kafka",
    wanted=(Wanted(modules=("confluent_kafka",)),),
    extra="kafka",
    start=_start,
    url=_url,
    default_port=9092,
    note=NOTE,
)
