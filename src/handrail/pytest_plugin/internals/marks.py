"""pytest's expressions over marks and keywords."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from _pytest.mark.expression import Expression


def check_expressions(config: pytest.Config) -> None:
    """Refuse what ``-k`` or ``-m`` cannot mean before workers are asked, each of which would.

    Raises: pytest.UsageError, as pytest would later.
    """
    from _pytest.mark import _parse_expression

    for name, value in (("-k", config.option.keyword), ("-m", config.option.markexpr)):
        if value.strip():
            _parse_expression(value.strip(), f"Wrong expression passed to '{name}'")


class Expressions:
    """pytest's own ``-m`` language, compiled once: there is no public way to evaluate it."""

    def __init__(self, selects: Mapping[str, str]) -> None:
        self._compiled = {
            name: Expression.compile(select) if select else None for name, select in selects.items()
        }
        self._asks_for_arguments = any("=" in select for select in selects.values())
        self._known: dict[frozenset[str], tuple[str, ...]] = {}

    def matching(self, marks: Sequence[pytest.Mark]) -> tuple[str, ...]:
        """Names of the expressions that select an item with these marks, in order."""
        if self._asks_for_arguments:
            return self._evaluate(marks)
        names = frozenset(mark.name for mark in marks)
        if names not in self._known:
            self._known[names] = self._evaluate(marks)
        return self._known[names]

    def _evaluate(self, marks: Sequence[pytest.Mark]) -> tuple[str, ...]:
        def has(name: str, /, **attributes: Any) -> bool:
            return any(
                mark.name == name
                and all(mark.kwargs.get(key) == value for key, value in attributes.items())
                for mark in marks
            )

        return tuple(
            name
            for name, compiled in self._compiled.items()
            if compiled is None or compiled.evaluate(has)
        )
