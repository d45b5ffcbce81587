"""What can be wrong with the configuration, told all at once."""

from collections.abc import Sequence

from handrail.errors import ExitCode, UserError
from handrail.frozen import dataclass

_FIX = "handrail config schema prints every key and what it may hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """One thing that is wrong, and where."""

    where: str
    """``pyproject.toml:12`` or ``environment HANDRAIL_TIMEOUT``."""
    text: str
    key: str = ""
    """Dotted and absolute, ``tool.handrail.tiers.fast.timout``; empty where there is none."""
    fix: str = ""
    """One thing to try; empty if only the documentation helps."""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.text) if part)


class ConfigError(UserError):
    """The configuration cannot be used; ``where`` has one line for each problem."""

    reference = "config"
    exit_code = ExitCode.CONFIG_ERROR

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            f"{count} in the configuration",
            where="\n".join(str(problem) for problem in problems),
            hint=next((problem.fix for problem in problems if problem.fix), _FIX),
        )
        self.problems = tuple(problems)
