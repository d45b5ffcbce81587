"""Text that comes from tests, made harmless: it cannot forge our lines, hide or leak.

Everything here takes time in proportion to the length of the text, whatever the text is: the
expressions use possessive quantifiers, bounded repetition, or classes that end where the next
match may begin.
"""

import functools
import re
from collections.abc import Callable, Iterable

from handrail.frozen import replace
from handrail.model.events import (
    CollectionFailed,
    Event,
    Note,
    RunProblem,
    TestFinished,
    WorkerLost,
)
from handrail.model.outcomes import Frame, Problem, Verdict

HIDDEN = "***"
"""What stands where a secret was."""
SHIELD = "| "
"""What stands before a line of a test's that looks like one of ours."""

_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"  # colours, movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[PX^_][^\x1b\n]*+\x1b\\"
    r"|\x1b[ -/]*+[0-~]"
)
_BREAKS = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_WORDS = (
    "|".join(verdict.value.upper() for verdict in Verdict) + "|RUNNING"  # PASSED exit=0 | ...
)
_OURS = re.compile(
    rf"^(?=[^\S\n]*+(?:RESULT\b|(?:{_WORDS})\s++exit|"
    r"(?:next|report|rerun|flaky|withheld|lost|note|why|problem|fix|error|hint)\s*+:"
    r"|\[F\d|::|\#\#(?:\[|vso|teamcity)))",
    re.IGNORECASE | re.MULTILINE,
)


def plain(text: str) -> str:
    """The text without terminal codes, control and invisible characters; every line ends in LF.

    Half surrogate pairs (bytes that were not UTF-8) are spelled out, so it can be encoded.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _ANSI.sub("", text)
    text = _BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    return text.encode("utf-8", "backslashreplace").decode()


def escape(text: str) -> str:
    """``plain``, and no line can be taken for one of ours: such a line gets ``| `` in front.

    Ours are the verdicts (``RESULT``, ``PASSED exit=0``), ``next:`` and its like, headings of
    causes (``[F1]``), and commands to a CI server (``::error``).
    """
    return _OURS.sub(SHIELD, plain(text))


def one_line(text: str) -> str:
    """``plain`` on a single line, for names: line breaks and tabs are spelled out."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def encodable(text: str, encoding: str) -> str:
    r"""The text as a stream of that encoding can print it; the rest is spelled out (``\xe9``)."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


_TOKENS = re.compile(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{16,}+"
    r"|\bgithub_pat_\w{16,}+"
    r"|\bglpat-[\w-]{16,}+"
    r"|\bxox[abeoprs]-[\w-]{8,}+"
    r"|(?<![\w-])[sr]k[-_][\w-]{16,}+"
    r"|\bAIza[\w-]{35}"
    r"|(?<![\w.-])eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]*+(?:-(?!----)[^-]*+)*+"
    r"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_AUTHORIZATION = re.compile(
    r"(authorization\\?[\"']?\s{0,9}+[:=]\s{0,9}+\\?[\"']?(?:(?:bearer|basic|token|digest)\s{1,9}+)?"
    r"|\bbearer\s{1,9}+(?=[\w.~+/=-]{16}))"
    r"[^\s\"',;\\]++",
    re.IGNORECASE,
)
_URL = re.compile(r"(://[^\s/:@\"'?#]*+:)[^\s/\"']*(?=@)")
_ASSIGNED = re.compile(
    r"((?:passw(?:or)?d|passphrase|(?<=;)pwd|secret(?:[_-]?access)?(?:[_-]?key)?|token"
    r"|(?:api|access|private|account|signing|encryption)[_-]?key)(?:_?\d{1,3})?"
    r"\\?[\"']?\s{0,9}+(?::(?!:)|=(?![=>]))\s{0,9}+)"
    r"(?!(?:str|bytes|int|bool|float|None|null|Any|Optional|True|False|true|false|not|is)\b)"
    r"(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|[^\s,;&)\]}]++)",
    re.IGNORECASE,
)

_SECRETS = (
    (("private key-----",), _PRIVATE_KEY, HIDDEN),
    (
        (
            *("akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
            *("xox", "sk-", "sk_", "rk-", "rk_", "aiza", "eyj"),
        ),
        _TOKENS,
        HIDDEN,
    ),
    (("authorization", "bearer"), _AUTHORIZATION, rf"\1{HIDDEN}"),
    (("://",), _URL, rf"\1{HIDDEN}"),
    (("passw", "passphrase", "pwd", "secret", "token", "key"), _ASSIGNED, rf"\1{HIDDEN}"),
)
"""What must be in the text in small letters, so that the expression can match at all. Nearly no text
holds any of it, and to look for it is a hundred times faster than to match."""


def redact(text: str, patterns: Iterable[str] = ()) -> str:
    """Put ``***`` in place of what has the shape of a secret, and of what ``patterns`` match.

    Known shapes: keys and tokens of AWS, GitHub, GitLab, Google, Slack, OpenAI and Stripe, JSON web
    tokens, private keys, ``Authorization`` headers, passwords in URLs, and values of ``password``,
    ``secret``, ``token``, ``api_key`` and the like. Where in doubt, it hides.
    Raises: re.error if a pattern is not a regular expression.
    """
    lowered = text.lower()
    for hints, expression, replacement in _SECRETS:
        if any(hint in lowered for hint in hints):
            text = expression.sub(replacement, text)
    for pattern in patterns:
        text = re.sub(pattern, HIDDEN, text)
    return text


def clean(text: str, patterns: Iterable[str] = ()) -> str:
    """Text of a test's as a report may show it: plain, redacted, and unable to forge a line."""
    return escape(redact(plain(text), patterns))


@functools.lru_cache(maxsize=4096)
def name(test: str) -> str:
    """The name of a test as a report may show it: one line, redacted."""
    return redact(one_line(test))


def redacted(event: Event, patterns: Iterable[str] = ()) -> Event:
    """The same event without secrets in any text that a test, a tool or a person wrote.

    Names of tests stay, because they identify; reports redact them when they show them.
    """

    def hide(text: str) -> str:
        return redact(text, patterns)

    match event:
        case TestFinished() if event.problems or event.reason:
            problems = tuple(_hidden(each, hide) for each in event.problems)
            return replace(event, problems=problems, reason=hide(event.reason))
        case CollectionFailed():
            return replace(event, problem=_hidden(event.problem, hide))
        case Note():
            return replace(event, text=hide(event.text))
        case RunProblem():
            return replace(event, message=hide(event.message), fix=hide(event.fix))
        case WorkerLost():
            return replace(event, reason=hide(event.reason))
        case _:
            return event


def _hidden(problem: Problem, hide: Callable[[str], str]) -> Problem:
    return replace(
        problem,
        message=hide(problem.message),
        text=hide(problem.text),
        chain=tuple(hide(link) for link in problem.chain),
        sections=tuple((title, hide(text)) for title, text in problem.sections),
        frames=tuple(_hidden_frame(frame, hide) for frame in problem.frames),
    )


def _hidden_frame(frame: Frame, hide: Callable[[str], str]) -> Frame:
    # Name and value together, so that the name of the variable tells what its value is.
    values = tuple(
        (variable, hide(f"{variable}={value}").removeprefix(f"{variable}="))
        for variable, value in frame.locals
    )
    return replace(frame, source=hide(frame.source), locals=values)


def size_bytes(text: str) -> int:
    """How long the text is in UTF-8; half surrogate pairs count as one character each."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def shorten(text: str, limit_bytes: int) -> str:
    """The beginning of the text, at most ``limit_bytes`` long, telling how much is left out.

    A limit too small to tell anything cuts without a word.
    """
    total_bytes = size_bytes(text)
    if total_bytes <= limit_bytes:
        return text
    room_bytes = limit_bytes - len(_omission(total_bytes))
    if room_bytes <= 0:
        return _beginning(text, limit_bytes)
    kept = _beginning(text, room_bytes)
    return kept + _omission(total_bytes - size_bytes(kept))


def _omission(omitted_bytes: int) -> str:
    return f"... [{omitted_bytes} bytes omitted]"


def _beginning(text: str, limit_bytes: int) -> str:
    kept = text[: max(0, limit_bytes)].encode("utf-8", "surrogatepass")[: max(0, limit_bytes)]
    return kept.decode("utf-8", "ignore")


def first_lines(text: str, limit_lines: int, *, rest: str = "") -> list[str]:
    """The first lines, and a line that tells how many more there are. ``rest``: where they are."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= limit_lines:
        return lines
    return [*lines[:limit_lines], f"... {len(lines) - limit_lines} more lines{rest}"]


def last_lines(text: str, limit_lines: int) -> list[str]:
    """The last lines, after a line that tells how many came before."""
    lines = text.rstrip("\n").split("\n")
    if len(lines) <= limit_lines:
        return lines
    return [f"... {len(lines) - limit_lines} lines before", *lines[-limit_lines:]]
