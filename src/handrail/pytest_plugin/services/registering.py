"""Which services a project has, and their fixtures made known to pytest."""

from pathlib import Path

import pytest

from handrail.config.defaults import RECIPES as KNOWN
from handrail.config.references import needs
from handrail.model.tiers import Service, Settings
from handrail.pytest_plugin.services import fixtures
from handrail.pytest_plugin.services.levels import MARK
from handrail.pytest_plugin.services.providing import KEY, Providing
from handrail.services.sessions import base_folder


def needed_services(settings: Settings) -> tuple[Service, ...]:
    """Those with a table of their own, and those that a tier or an app names."""
    tables = {service.name: service for service in settings.services}
    named = [name for tier in settings.tiers for name in tier.services]
    named += [name for service in settings.services for name in needs(service)]
    for name in dict.fromkeys(named):
        if name in KNOWN:
            tables.setdefault(name, Service(name=name))
    return tuple(tables.values())


def register_services(config: pytest.Config, settings: Settings) -> None:
    """Make the fixtures of the configured services known; none if there are none."""
    services = needed_services(settings)
    if not services:
        return
    config.addinivalue_line(
        "markers",
        f"{MARK}(level): what this test has of a service for itself: savepoint, clone, truncate or server (handrail)",
    )
    base = Path(settings.services_folder) if settings.services_folder else base_folder()
    providing = Providing(config, services, Path(config.rootpath, settings.state), base)
    config.stash[KEY] = providing
    config.pluginmanager.register(providing, "handrail-services")
    for name, module in fixtures.modules(
        tuple(service.name for service in services if service.command is None)
    ):
        config.pluginmanager.register(module, f"handrail-fixtures-{name}")
