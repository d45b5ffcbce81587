"""How much memory services take, before any is started."""

from collections.abc import Iterable

from handrail.model.tiers import Service, Settings
from handrail.services.recipes.all import RECIPES

_UNKNOWN_BYTES = 128 << 20
"""What an app of the project's is taken to need."""


def memory_bytes(settings: Settings, names: Iterable[str]) -> int:
    """What the servers of these services take, for one worker. ``memory`` of a service counts."""
    services = {each.name: each for each in settings.services}
    return sum(_of(services.get(name) or Service(name=name)) for name in dict.fromkeys(names))


def _of(service: Service) -> int:
    if service.url is not None:
        return 0
    recipe = RECIPES.get(service.name)
    if recipe is None:
        return service.memory_bytes or _UNKNOWN_BYTES
    return recipe.servers * (service.memory_bytes or recipe.memory_bytes)
