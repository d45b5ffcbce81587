"""What a Python file means, block by block: comments and formatting do not count.

A *block* is a function with all that is inside it, methods by ``Class.method``; everything else is the
block of the module, named by the empty string: what runs when it is imported, class bodies and
the heads of functions (decorators, defaults, signatures) included.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping

MODULE = ""
"""The block of what runs when the module is imported."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def blocks_of(source: str) -> Mapping[str, str]:
    """A fingerprint of each block, by its name. A file that cannot be read is one block.

    Definitions of one name (overloads, a property's setter) are one block.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {MODULE: fingerprint(source.encode("utf-8", "replace"))}
    found: dict[str, str] = {}
    for name, function in _cut_out(tree, ""):
        found[name] = found.get(name, "") + ast.dump(function)
    found[MODULE] = ast.dump(tree)
    return {name: fingerprint(text.encode("utf-8", "replace")) for name, text in found.items()}


def _cut_out(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """The outermost functions below a node, which keeps their heads only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _FUNCTIONS):
            yield prefix + child.name, ast.Module(body=child.body, type_ignores=[])
            child.body = []
        elif isinstance(child, ast.ClassDef):
            yield from _cut_out(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _cut_out(child, prefix)


def fingerprint(data: bytes) -> str:
    """Twelve characters, the same everywhere."""
    return hashlib.blake2b(data, digest_size=6).hexdigest()


def block_of(qualified_name: str, blocks: Mapping[str, str]) -> str:
    """The block that a code object of that name belongs to."""
    name = qualified_name.partition(".<locals>")[0]
    return name if name in blocks else MODULE
