"""What a script of a step runs: enough of the shell to see commands and what joins them."""

import os
import re
from collections.abc import Iterator, Sequence

from handrail.frozen import dataclass

_OPERATORS = ("&&", "||", "|&", ";;", "|", ";", "&", "\n")
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
_KEYWORDS = {"if", "then", "else", "elif", "do", "while", "until", "!", "{", "(", "time", "exec"}
_WRAPPERS = {
    "env", "sudo", "nice", "xvfb-run", "uv", "poetry", "pdm", "pipenv", "hatch", "rye", "coverage", "python",
    "python3", "uvx", "pipx", "timeout", "run", "catchsegv", "micromamba", "conda", "mamba", "command", "dbus-run-session",
}  # fmt: skip
_TESTS = {"pytest", "py.test", "tox", "nox", "unittest", "stestr", "nosetests", "nose2", "trial", "runtests.py"}  # fmt: skip
_HANDRAIL = {"run", "wait", "rerun"}
_WITH_VALUE = {"--group", "--extra", "--with", "--python", "--project", "-p", "-n", "--env", "-e"}
_DURATION = re.compile(r"[\d.]+[smh]?")
_NO_TESTS = re.compile(r"lint|doc|mypy|typ|build|style|format|pre-commit|notest|release|package")
_MAKE = re.compile(r"(test|check)([-_:].*)?s?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a script."""

    words: tuple[str, ...]
    line: int
    """From 0, inside the script."""
    then: str
    """What joins it to the next: ``|``, ``||``, ``&&``, ``;``, a line break, or nothing."""


def commands(script: str) -> list[Command]:
    """All commands, in order. What is inside ``$(...)`` is part of a word."""
    found: list[Command] = []
    words: list[str] = []
    began = line = 0
    for kind, text, line in _tokens(script):
        if kind == "word":
            began = began if words else line
            words.append(text)
        elif words:
            found.append(Command(words=tuple(words), line=began, then=text))
            words = []
    if words:
        found.append(Command(words=tuple(words), line=began, then=""))
    return found


def _tokens(script: str) -> Iterator[tuple[str, str, int]]:
    at = line = 0
    heredocs: list[str] = []
    while at < len(script):
        rest = script[at:]
        if rest.startswith("\\\n"):
            at, line = at + 2, line + 1
        elif script[at] in " \t\r":
            at += 1
        elif script[at] == "#":
            at = _end_of_line(script, at)
        elif not rest.startswith("&>") and (operator := _operator(rest)):
            yield "operator", operator, line
            at += len(operator)
            if operator == "\n":
                line += 1
                for word in heredocs:
                    end = _after_heredoc(script, at, word)
                    line += script.count("\n", at, end)
                    at = end
                heredocs = []
        else:
            end = _end_of_word(script, at)
            word = script[at:end]
            before = _HEREDOC.match(script, at)
            if before:
                heredocs.append(before[2])
                end = max(end, before.end())
            yield "word", word, line
            line += script.count("\n", at, end)
            at = end


def _operator(text: str) -> str:
    return next((each for each in _OPERATORS if text.startswith(each)), "")


def _end_of_line(script: str, at: int) -> int:
    found = script.find("\n", at)
    return len(script) if found < 0 else found


def _after_heredoc(script: str, at: int, word: str) -> int:
    while at < len(script):
        end = _end_of_line(script, at)
        is_last = script[at:end].strip() == word
        at = end + 1
        if is_last:
            break
    return min(at, len(script))


_CLOSING = {"${{": "}}", "$(": ")", "${": "}", "`": "`"}


def _end_of_word(script: str, at: int) -> int:
    while at < len(script):
        opening = next((each for each in _CLOSING if script.startswith(each, at)), "")
        if opening:
            at = _after(script, at + len(opening), opening)
        elif script[at] == "\\":
            at += 2
        elif script[at] == "'":
            at = _past(script, "'", at + 1)
        elif script[at] == '"':
            at = _after_quote(script, at + 1)
        elif script[at] == "&" and (
            script[at - 1 : at] in {">", "<"} or script[at : at + 2] == "&>"
        ):
            at += 1
        elif script[at] in " \t\r\n;|&":
            break
        else:
            at += 1
    return min(at, len(script))


def _past(script: str, end: str, at: int) -> int:
    found = script.find(end, at)
    return len(script) if found < 0 else found + len(end)


def _after(script: str, at: int, opening: str) -> int:
    """Behind what closes it; parentheses inside are counted."""
    if opening != "$(":
        return _past(script, _CLOSING[opening], at)
    depth = 1
    while at < len(script) and depth:
        depth += {"(": 1, ")": -1}.get(script[at], 0)
        at += 1
    return at


def _after_quote(script: str, at: int) -> int:
    while at < len(script) and script[at] != '"':
        if script.startswith("$(", at):
            at = _after(script, at + 2, "$(")
        else:
            at += 2 if script[at] == "\\" else 1
    return at + 1


def program(words: Sequence[str]) -> tuple[str, ...]:
    """The command without what stands before it: variables, ``sudo``, ``uv run``, ``python -m``."""
    left = list(words)
    while left:
        first = left[0].lstrip("({")
        name = os.path.basename(first.strip("\"'"))
        if name == "coverage" and left[1:2] != ["run"]:
            break
        if first in _WITH_VALUE:
            del left[:2]
        elif _is_before(first, name):
            del left[0]
        else:
            return (name, *left[1:])
    return tuple(left)


def _is_before(word: str, name: str) -> bool:
    is_known = not word or name in _KEYWORDS or name in _WRAPPERS or word.startswith("-")
    return is_known or bool(_ASSIGNMENT.match(word) or _DURATION.fullmatch(word))


def is_test(words: Sequence[str]) -> bool:
    """Whether the command runs tests, as far as its name tells."""
    found = program(words)
    if not found:
        return False
    name, *rest = found
    if name in {"tox", "nox"} and any(_NO_TESTS.search(word) for word in rest):
        return False
    if name in _TESTS:
        return not {"--version", "--help", "-V", "list", "--collect-only"} & set(rest)
    if name == "handrail":
        return bool(_HANDRAIL & set(rest[:3]))
    if name in {"make", "just", "invoke"}:
        return any(_MAKE.match(word) for word in rest)
    return name == "manage.py" and rest[:1] == ["test"]
