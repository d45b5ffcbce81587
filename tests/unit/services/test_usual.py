"""How programs find a service: by variables; and what a person is told of it."""

import pytest

from handrail.model.tiers import Service
from handrail.services.usual import note, variables

AWS = {
    "AWS_ENDPOINT_URL": "URL",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.mark.parametrize(
    ("service", "found"),
    [
        (Service(name="postgres"), {"DATABASE_URL": "URL"}),
        (Service(name="mail-box"), {"MAIL_BOX_URL": "URL"}),
        (Service(name="redis", env=(("CACHE", "{url}/1"),)), {"CACHE": "URL/1"}),
        (Service(name="api", command="run", env=(("CACHE", "{redis.url}"),)), {"API_URL": "URL"}),
        (Service(name="s3"), AWS),
        (Service(name="s3", env=(("STORE", "{url}"),)), AWS | {"STORE": "URL"}),
        (Service(name="s3", url="https://elsewhere"), {"S3_URL": "URL"}),
    ],
)
def test_programs_find_it_by_variables(service: Service, found: dict[str, str]) -> None:
    assert variables(service, "URL") == found


def test_what_is_no_real_thing_is_called_so_unless_somebody_else_runs_it() -> None:
    assert note(Service(name="kafka")) == "a mock cluster of librdkafka, no broker"
    assert note(Service(name="kafka", url="broker:9092")) == ""
    assert note(Service(name="kafka", command="run {port}")) == ""
    assert note(Service(name="redis")) == ""
