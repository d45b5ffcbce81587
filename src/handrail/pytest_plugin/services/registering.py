"""Which services a project has, and their fixtures made known to pytest."""

from pathlib import Path

import pytest

from handrail.model.tiers import Service, Settings
from handrail.pytest_plugin.services import fixtures
from handrail.pytest_plugin.services.keeping import Keeping
from handrail.pytest_plugin.services.levels import MARK
from handrail.pytest_plugin.services.providing import KEY, Providing
from handrail.services.usual import needed_services


def register_services(
    config: pytest.Config, settings: Settings, *, is_keeping: bool = False
) -> None:
    """Make the fixtures of the configured services known; none if there are none.

    ``is_keeping``: the databases of failed tests are kept.
    """
    services = needed_services(settings)
    shown = tuple(service.name for service in services)
    if settings.testcontainers:
        services += tuple(Service(name=each) for each in ("postgres", "redis") if each not in shown)
    if not services:
        return
    config.addinivalue_line(
        "markers",
        f"{MARK}(level): what this test has of a service for itself: savepoint, clone, truncate or server (handrail)",
    )
    state = Path(config.rootpath, settings.state)
    providing = Providing(config, services, state, settings.services_folder)
    config.stash[KEY] = providing
    if is_keeping:
        config.pluginmanager.register(Keeping(providing, state / "kept"), "handrail-keeping")
    config.pluginmanager.register(providing, "handrail-services")
    if settings.testcontainers:
        from handrail.pytest_plugin.services.containers import Substitution

        config.pluginmanager.register(Substitution(providing), "handrail-testcontainers")
    commands = {service.name for service in services if service.command is not None}
    for name, module in fixtures.modules(tuple(name for name in shown if name not in commands)):
        config.pluginmanager.register(module, f"handrail-fixtures-{name}")
