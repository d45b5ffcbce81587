"""Whether modules can be collected by the workers that will run them."""

from collections.abc import Sequence
from typing import Any

import pytest

from handrail.model.spec import RunSpec
from handrail.model.tiers import Isolation
from handrail.pytest_plugin.internals import collection

_NEEDS_WHOLE_LIST = (
    "lf",
    "failedfirst",
    "newfirst",
    "stepwise",
    "collectonly",
    "setupplan",
    "setuponly",
)
"""Options of pytest."""


def may_defer(config: pytest.Config, spec: RunSpec) -> bool:
    """Whether nothing that was asked for needs the whole list of tests in one process."""
    option = config.option
    return (
        spec.strategy in {"auto", "collect-in-workers", "spawn"}
        and spec.workers > 1
        and spec.isolate is Isolation.WORKER
        and not any(getattr(option, name, False) for name in _NEEDS_WHOLE_LIST)
        and not any("::" in argument for argument in config.args)
        and not option.pyargs
    )


def can_defer(config: pytest.Config, groups: Sequence[Sequence[Any]]) -> bool:
    """Whether no plugin or conftest wants that list, and it would be the same.

    ``groups``: collectors, by module; all conftests are loaded.
    """
    return (
        len(groups) > 1
        and not collection.hooks_that_need_every_item(config)
        and not collection.needs_one_process(config, [group[0].path for group in groups])
    )
