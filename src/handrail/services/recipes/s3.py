"""S3, and the other services of AWS that moto imitates. It starts slowly and is emptied quickly."""

from handrail.model.services import Address, Level, Probe, Ready, Start
from handrail.services.finding import Programs, Wanted
from handrail.services.recipe import Place, Recipe

REGION = "us-east-1"
KEY = "testing"
"""Access key and secret: moto takes any."""


def _start(programs: Programs, place: Place) -> Start:
    return Start(
        name=place.name,
        argv=(programs.main, "-m", "moto.server", "-H", place.host, "-p", str(place.port)),
        folder=place.folder,
        env={**place.env, "PYTHONDONTWRITEBYTECODE": ""},
        address=Address(host=place.host, port=place.port),
        # The first request of S3 loads it; let that not be the test's.
        ready=Ready(line="Running on", probe=Probe.HTTP, http_path="/"),
        stop_within_s=1.0,
    )


def _url(address: Address) -> str:
    return f"http://{address.host}:{address.port}"


S3 = Recipe(
    name="s3",
    wanted=(Wanted(modules=("moto", "flask", "flask_cors")),),
    extra="s3",
    start=_start,
    url=_url,
    default_port=5000,
    variables={
        "AWS_ENDPOINT_URL": "{url}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_DEFAULT_REGION": REGION,
    },
    usual=Level.TRUNCATE,
    note="moto, which imitates S3 and keeps everything in memory",
)
