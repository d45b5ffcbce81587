"""Tells a warm process what a session had to import: sessions after it find that done.

In the controller and in each worker, when it ends; not in what a test starts. Imported as early as
can be, where somebody wants to be told. PYTEST_DONT_REWRITE
"""

import atexit
import json
import os
import sys
from typing import Any

from handrail.execution.prestart import TOLD

_DESCRIPTOR = int(os.environ.pop(TOLD, "-1"))
if _DESCRIPTOR >= 0:
    os.set_inheritable(_DESCRIPTOR, False)  # noqa: FBT003 - positional only
_HERE_BEFORE = frozenset(sys.modules)


def pytest_configure() -> None:
    """Tell at the end of this process."""
    _tell_at_exit()


def pytest_plugin_registered(plugin: object) -> None:
    """A worker, which was forked, has exit functions of its own."""
    if type(plugin).__name__ == "Worker" and type(plugin).__module__.startswith("handrail."):
        _tell_at_exit()


def _tell_at_exit() -> None:
    if _DESCRIPTOR >= 0:
        atexit.register(_tell, os.getpid())


def _tell(process: int) -> None:
    if os.getpid() == process:
        text = json.dumps(list(_imported())) + "\n"
        os.write(_DESCRIPTOR, text.encode("ascii"))


def _imported() -> list[tuple[str, str]]:
    """Name and file of each module, the first imported first. Not of packages of which pytest has
    rewritten the asserts: it wants to be the one that imports them.
    """
    specs: dict[str, Any] = {
        name: getattr(each, "__spec__", None) for name, each in list(sys.modules.items())
    }
    rewritten = {
        name.partition(".")[0]
        for name, spec in specs.items()
        if type(getattr(spec, "loader", None)).__name__ == "AssertionRewritingHook"
    }
    return [
        (name, spec.origin)
        for name, spec in specs.items()
        if name not in _HERE_BEFORE
        and name.partition(".")[0] not in rewritten
        and isinstance(getattr(spec, "origin", None), str)
        and os.path.isabs(spec.origin)
        and spec.name == name
    ]
