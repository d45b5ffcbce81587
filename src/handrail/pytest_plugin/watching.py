"""What is measured and recorded beside the tests, where that was asked for."""

import pytest

from handrail.model.spec import RunSpec


def register_watching(config: pytest.Config, spec: RunSpec) -> None:
    """Profile, or record what tests use. Workers begin when they are one."""
    if spec.profile:
        from handrail.pytest_plugin import profiling

        profiling.register(config, spec)
    if spec.trace_folder:
        from handrail.pytest_plugin import tracing

        tracing.register(config, spec)
