"""What a worker's servers take is known before any is started."""

from handrail.model.tiers import Service, Settings
from handrail.services.estimates import memory_bytes
from handrail.services.recipes.postgres import POSTGRES
from handrail.services.recipes.redis import REDIS


def test_every_service_counts_once_with_all_its_servers() -> None:
    both = POSTGRES.memory_bytes + REDIS.servers * REDIS.memory_bytes

    assert memory_bytes(Settings(), ["postgres", "redis", "redis"]) == both


def test_what_the_configuration_says_takes_the_place_of_the_estimate() -> None:
    settings = Settings(services=(Service(name="redis", memory_bytes=7),))

    assert memory_bytes(settings, ["redis"]) == REDIS.servers * 7


def test_what_runs_elsewhere_takes_nothing_here() -> None:
    settings = Settings(services=(Service(name="redis", url="redis://localhost/0"),))

    assert memory_bytes(settings, ["redis"]) == 0


def test_an_app_counts_too() -> None:
    settings = Settings(services=(Service(name="api", command="serve", memory_bytes=9),))

    assert memory_bytes(settings, ["api"]) == 9
