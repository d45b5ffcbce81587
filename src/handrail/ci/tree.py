"""A YAML file as it was written: texts with their lines, no value guessed.

PyYAML reads it (the extra ``ci``); what ``3.10`` or ``on`` would become is seen by nobody.
"""

from collections.abc import Iterator
from typing import Any

from handrail.errors import UserError
from handrail.frozen import dataclass

_MOST_NODES = 100_000
_BLOCKS = ("|", ">")


class NoYamlError(UserError):
    """PyYAML is not installed."""

    reference = "no-yaml"

    def __init__(self) -> None:
        super().__init__(
            "workflows are read with PyYAML, which is not installed",
            hint="pip install 'handrail[ci]'",
        )


class BadYamlError(ValueError):
    """The text is not YAML that can be read; the message says why."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A scalar, as written."""

    text: str
    line: int
    """Of its first character, from 1."""
    first_line: int
    """Of the first line of its text: in a block that is the next one."""
    is_number: bool = False
    """Whether a reader takes it for a number with a fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping, in order."""

    items: "tuple[tuple[Text, Node], ...]"
    line: int

    def get(self, name: str) -> "Node | None":
        """What stands there; None if nothing does."""
        return next((node for key, node in self.items if key.text == name), None)

    def table(self, name: str) -> "Table":
        """The table there; an empty one if there is none."""
        found = self.get(name)
        return found if isinstance(found, Table) else Table(items=(), line=self.line)

    def text(self, name: str) -> str:
        """The text there; empty if there is none."""
        found = self.get(name)
        return found.text if isinstance(found, Text) else ""

    def line_of(self, name: str) -> int:
        """Where that key is; where the table is, if it has no such key."""
        return next((key.line for key, _ in self.items if key.text == name), self.line)

    def names(self) -> list[str]:
        """The keys."""
        return [key.text for key, _ in self.items]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A sequence."""

    items: "tuple[Node, ...]"
    line: int


Node = Text | Table | Row


def read(text: str) -> Node | None:
    """The document; None if it is empty.

    Raises: BadYamlError; NoYamlError without PyYAML.
    """
    try:
        import yaml
    except ImportError:
        raise NoYamlError from None
    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or str(error)
        raise BadYamlError(str(why), mark.line + 1 if mark else 1) from None
    except RecursionError:
        raise BadYamlError("it is nested too deeply", 1) from None
    return None if root is None else _Reading().node(root, ())


class _Reading:
    """Counts what anchors blow up, and knows what they lead back to."""

    def __init__(self) -> None:
        self._count = 0

    def node(self, found: Any, above: tuple[int, ...]) -> Node:
        self._count += 1
        line = found.start_mark.line + 1
        if self._count > _MOST_NODES:
            raise BadYamlError("it has too many parts", line)
        if id(found) in above:
            raise BadYamlError("an anchor is inside itself", line)
        inside = (*above, id(found))
        if found.id == "mapping":
            items = tuple((_key(key), self.node(value, inside)) for key, value in found.value)
            return Table(items=items, line=line)
        if found.id == "sequence":
            return Row(items=tuple(self.node(each, inside) for each in found.value), line=line)
        return _text(found)


def _key(found: Any) -> Text:
    if found.id == "scalar":
        return _text(found)
    raise BadYamlError("a key is not a text", found.start_mark.line + 1)


def _text(found: Any) -> Text:
    line = found.start_mark.line + 1
    return Text(
        text=found.value,
        line=line,
        first_line=line + 1 if found.style in _BLOCKS else line,
        is_number=found.tag == "tag:yaml.org,2002:float",
    )


def texts(node: Node | None) -> Iterator[tuple[str, Text]]:
    """Every text below, with the key that it stands at."""
    yield from _texts(node, "")


def _texts(node: Node | None, key: str) -> Iterator[tuple[str, Text]]:
    match node:
        case Text():
            yield key, node
        case Table():
            for name, each in node.items:
                yield from _texts(each, name.text)
        case Row():
            for each in node.items:
                yield from _texts(each, key)
        case None:
            return
