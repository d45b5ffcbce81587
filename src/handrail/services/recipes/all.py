"""Every recipe, by the name that configurations use."""

from collections.abc import Mapping

from handrail.services.recipe import Recipe
from handrail.services.recipes.postgres import POSTGRES
from handrail.services.recipes.redis import REDIS, VALKEY

RECIPES: Mapping[str, Recipe] = {each.name: each for each in (POSTGRES, REDIS, VALKEY)}
