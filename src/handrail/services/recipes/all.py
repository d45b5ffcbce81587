"""Every recipe, by the name that configurations use."""

from collections.abc import Mapping

from handrail.services.recipe import Recipe
from handrail.services.recipes.kafka import KAFKA
from handrail.services.recipes.mariadb import MARIADB
from handrail.services.recipes.mqtt import MQTT
from handrail.services.recipes.nats import NATS
from handrail.services.recipes.postgres import POSTGRES
from handrail.services.recipes.redis import REDIS, VALKEY
from handrail.services.recipes.s3 import S3

RECIPES: Mapping[str, Recipe] = {
    each.name: each for each in (POSTGRES, REDIS, VALKEY, MARIADB, NATS, S3, MQTT, KAFKA)
}
