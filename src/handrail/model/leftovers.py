"""What a test may leave behind in its process."""

from enum import StrEnum

from handrail.frozen import dataclass


class Area(StrEnum):
    """A part of a process's state."""

    GLOBAL = "module global"
    PATCH = "patched attribute"
    """A function or class of another module that was replaced."""
    ENVIRONMENT = "environment variable"
    FOLDER = "working folder"
    DESCRIPTOR = "open descriptor"
    THREAD = "thread"
    LOGGING = "logging"
    WARNINGS = "warnings filter"
    SIGNAL = "signal handler"
    LOCALE = "locale"
    RANDOM = "random state"
    PATH = "import path"
    MODULE = "replaced module"
    IMPORT = "imported module"
    PYTHON = "interpreter setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing that is not as it was."""

    area: Area
    name: str
    change: str
    """``[] -> ['milk']``, ``set``, ``removed``."""

    @property
    def text(self) -> str:
        """For a person."""
        return f"{self.area} {self.name}: {self.change}"
