"""What a check looks at, and what it says."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from handrail.frozen import dataclass, field
from handrail.model.tiers import Settings


class Weight(StrEnum):
    """How bad it is."""

    PROBLEM = "problem"
    """Tests fail by it, or do what they must not."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody can mend."""

    what: str
    where: str = ""
    fix: str = ""
    """What to type, or to write where."""
    weight: Weight = Weight.PROBLEM
    repair: Callable[[], object] | None = None
    """Does what ``fix`` says. Only for what can do no harm. Raises: OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is looked at."""

    root: Path
    """The project's."""
    environ: Mapping[str, str]
    settings: Settings | None = None
    """None: the configuration cannot be used."""
    document: Mapping[str, object] = field(default_factory=dict)
    """``pyproject.toml``; empty if there is none that can be read."""
    state: Path = Path(".handrail")
    """The state folder, which may not be there yet."""

    def table(self, *names: str) -> Mapping[str, object]:
        """A table of ``pyproject.toml``; empty if there is none."""
        found: object = self.document
        for name in names:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}


Look = Callable[[Around], Iterator[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question. Its code is stable."""

    code: str
    title: str
    look: Look
    deep: Look | None = None
    """More of it, which takes longer than anybody likes to wait."""
