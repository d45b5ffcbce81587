"""The services of a project as they are usually had: which, and by which back ends."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from handrail.config.defaults import RECIPES as KNOWN
from handrail.config.references import needs
from handrail.model.tiers import Service, Settings
from handrail.services.backends import Native
from handrail.services.compose import Compose
from handrail.services.docker import Docker
from handrail.services.fleet import Fleet
from handrail.services.recipe import Recipe
from handrail.services.recipes.all import RECIPES
from handrail.services.recipes.app import app


def needed_services(settings: Settings) -> tuple[Service, ...]:
    """Those with a table of their own, and those that a tier or an app names."""
    tables = {service.name: service for service in settings.services}
    named = [name for tier in settings.tiers for name in tier.services]
    named += [name for service in settings.services for name in needs(service)]
    for name in dict.fromkeys(named):
        if name in KNOWN:
            tables.setdefault(name, Service(name=name))
    return tuple(tables.values())


def usual_fleet(
    services: Mapping[str, Service],
    environ: Mapping[str, str],
    folder: str | None,
    root: Path,
    say: Callable[[str], None],
) -> tuple[Fleet, Native]:
    """A fleet of these, and the back end that runs programs of this machine.

    ``folder``: where servers live, if that is configured. ``root``: the project's, where its apps
    run. ``say``: told of what takes long.
    """
    native = Native(environ)
    base = Path(folder) if folder else None
    backends = (native, Docker(environ, say), Compose(environ, root))
    return Fleet(services, _recipes(services, root), backends, base), native


def _recipes(services: Mapping[str, Service], root: Path) -> Mapping[str, Recipe]:
    """Those that there are, and one for each app."""
    beside = os.path.dirname(sys.executable)
    apps = {
        name: app(service, root=str(root), programs=beside)
        for name, service in services.items()
        if service.command is not None
    }
    return {**RECIPES, **apps}


def variables(service: Service, url: str) -> dict[str, str]:
    """The environment variables by which programs find it: as configured, what its clients need in
    any case, or the usual one. What is configured of an app is the app's own environment.
    """
    recipe = RECIPES.get(service.name) if _is_ours(service) else None
    texts = dict(recipe.variables) if recipe is not None else {}
    if service.command is None:
        texts |= dict(service.env)
    if texts:
        return {name: value.replace("{url}", url) for name, value in texts.items()}
    name = service.name.upper().replace("-", "_")
    return {"DATABASE_URL" if service.name == "postgres" else f"{name}_URL": url}


def note(service: Service) -> str:
    """What a person must know of it: that it is a mock, say; nothing of what is not ours."""
    recipe = RECIPES.get(service.name)
    return recipe.note if recipe is not None and _is_ours(service) else ""


def _is_ours(service: Service) -> bool:
    """Whether a recipe of ours says how it is started."""
    return service.url is None and service.command is None and service.compose is None
