"""Turn pytest's exceptions and reports into ``Problem``s: facts with frames and locals, not text."""

import linecache
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

import pytest

from handrail.errors import ExitCode, UserError
from handrail.frozen import replace
from handrail.model.outcomes import Frame, Phase, Problem, ProblemKind

MAX_FRAMES = 12
MAX_TEXT = 200_000
MAX_SECTION = 1_000_000
_Level = TypeVar("_Level")
_SOURCE = ("def ", "async def ", "class ", "@")
_NAME = re.compile(r"[A-Za-z_]\w*")
_KIND_BY_PHASE = {
    Phase.COLLECT: ProblemKind.COLLECTION,
    Phase.SETUP: ProblemKind.SETUP,
    Phase.TEARDOWN: ProblemKind.TEARDOWN,
}


class LeakError(Exception):
    """A test left something behind, and was not to."""


def from_exception(
    excinfo: pytest.ExceptionInfo[BaseException], report: Any, root: Path
) -> Problem:
    """A problem from the exception that a phase raised and the report pytest made of it.

    Never raises: a ``repr`` or ``str`` that raises is shown as such.
    """
    phase = Phase(report.when)
    frames = _frames(excinfo.value, root, is_only_own=isinstance(excinfo.value, UserError))
    last = frames[-1] if frames else None
    return Problem(
        kind=_kind(phase, excinfo.value),
        phase=phase,
        exception=excinfo.typename,
        message=_message(report, excinfo.value),
        path=last.path if last else "",
        line=last.line if last else 0,
        frames=frames,
        chain=tuple(_chain(excinfo.value)),
        text=_text(report),
        sections=_sections(report),
    )


def from_report(report: Any, root: Path) -> Problem:
    """A problem from a report alone, where no exception was seen."""
    phase = Phase(report.when if report.when in {"setup", "call", "teardown"} else "collect")
    text = _text(report)
    crash = getattr(report.longrepr, "reprcrash", None)
    exception, message = "", text.strip().rpartition("\n")[2][:2000]
    if crash is not None:
        exception, _, message = crash.message.partition(": ")
    elif match := re.search(
        r"^E   +([\w.]+(?:Error|Exception|Warning)): ?(.*)$", text, re.MULTILINE
    ):
        exception, message = match[1], match[2]
    path = _relative(str(crash.path), root) if crash is not None else report.nodeid.split("::")[0]
    return Problem(
        kind=_KIND_BY_PHASE.get(phase, ProblemKind.EXCEPTION),
        phase=phase,
        exception=exception.rpartition(".")[2] if " " not in exception else "",
        message=message,
        path=path,
        line=crash.lineno if crash is not None else 0,
        text=text,
        sections=_sections(report),
    )


def with_output(problem: Problem | None, report: Any) -> Problem | None:
    """The same problem with the sections of the report: captured output is added late."""
    return None if problem is None else replace(problem, sections=_sections(report))


def _kind(phase: Phase, exception: BaseException) -> ProblemKind:
    if isinstance(exception, UserError) and exception.exit_code is ExitCode.INFRA_ERROR:
        return ProblemKind.INFRA
    if isinstance(exception, LeakError):
        return ProblemKind.LEAK
    if phase in _KIND_BY_PHASE:
        return _KIND_BY_PHASE[phase]
    if isinstance(exception, (AssertionError, pytest.fail.Exception)):
        return ProblemKind.ASSERTION
    return ProblemKind.EXCEPTION


def _message(report: Any, exception: BaseException) -> str:
    """The exception's own words; pytest's crash line knows them even where ``str`` raises."""
    try:
        message = str(exception)
    except BaseException as error:  # noqa: BLE001 - a test's __str__ may raise anything
        message = f"<str() of the exception raised {type(error).__name__}>"
    if not message:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message.partition(": ")[2] if crash is not None else ""
    return message[:8000]


def _frames(
    exception: BaseException, root: Path, *, is_only_own: bool = False
) -> tuple[Frame, ...]:
    """From the first frame of the project on; what pytest calls before it is of no interest.

    ``is_only_own``: nor is what the project calls.
    """
    levels = [
        (level.tb_frame, level.tb_lineno)
        for level in _levels(exception.__traceback__)
        if not _is_hidden(level.tb_frame)
    ]
    own = [n for n, (frame, _) in enumerate(levels) if _is_own(frame.f_code.co_filename, root)]
    if is_only_own:
        levels = levels[own[0] : own[-1] + 1] if own else []
    else:
        levels = levels[own[0] :] if own else levels[-1:]
    return tuple(_frame(frame, line, root) for frame, line in _ends(levels))


def _ends(levels: list[_Level]) -> list[_Level]:
    """Both ends of a deep stack: where it comes from, and where it is."""
    if len(levels) <= MAX_FRAMES:
        return levels
    return levels[: MAX_FRAMES // 2] + levels[-MAX_FRAMES // 2 :]


def _levels(traceback: TracebackType | None) -> Iterable[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_hidden(frame: FrameType) -> bool:
    return bool(frame.f_locals.get("__tracebackhide__"))


def _is_own(path: str, root: Path) -> bool:
    return path.startswith(f"{root}{os.sep}") and f"{os.sep}site-packages{os.sep}" not in path


def _frame(frame: FrameType, line: int, root: Path) -> Frame:
    path = frame.f_code.co_filename
    source = linecache.getline(path, line, frame.f_globals).strip()
    return Frame(
        path=_relative(path, root),
        line=line,
        function=frame.f_code.co_name,
        source=source[:400],
        locals=tuple(_locals(source, frame.f_locals)),
    )


def _locals(source: str, values: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name in dict.fromkeys(_NAME.findall(source)):
        if name in values and not callable(values[name]) and not _is_module(values[name]):
            yield name, _short_repr(values[name])


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"


def _short_repr(value: object) -> str:
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 - a test's __repr__ may raise anything
        return f"<repr() raised {type(error).__name__}>"
    text = text.replace("\n", " ")
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"


def _chain(exception: BaseException) -> Iterable[str]:
    seen = {id(exception)}
    while True:
        following = exception.__cause__
        if following is None and not exception.__suppress_context__:
            following = exception.__context__
        if following is None or id(following) in seen:
            return
        seen.add(id(following))
        exception = following
        try:
            yield f"{type(exception).__name__}: {exception}"[:500]
        except BaseException:  # noqa: BLE001 - as above
            yield type(exception).__name__


def _text(report: Any) -> str:
    try:
        text = str(report.longreprtext)
        if text.startswith(_SOURCE):
            text = f"    {text}"  # pytest strips the first line's indentation with the rest
    except Exception as error:  # noqa: BLE001 - a representation that cannot be written
        return f"<the failure could not be shown: {type(error).__name__}>"
    if len(text) > MAX_TEXT:
        half = MAX_TEXT // 2
        return f"{text[:half]}\n... {len(text) - MAX_TEXT} characters left out ...\n{text[-half:]}"
    return text


def _sections(report: Any) -> tuple[tuple[str, str], ...]:
    return tuple((title, tail(text)) for title, text in getattr(report, "sections", ()))


def tail(text: str, most: int = MAX_SECTION) -> str:
    """The end of a text, with what was left out said."""
    if len(text) <= most:
        return text
    return f"... {len(text) - most} characters left out ...\n{text[-most:]}"


def _relative(path: str, root: Path) -> str:
    base = f"{root}{os.sep}"
    return path.removeprefix(base)


def stack_frames(stacks: str, root: Path, own: Sequence[str]) -> tuple[Frame, ...]:
    """Frames of the thread that ran the test, from what faulthandler wrote; outermost first."""
    blocks = re.split(r"\n(?=(?:Current thread|Thread) 0x)", stacks)
    chosen = next((block for block in blocks if any(path in block for path in own)), "")
    found = [
        Frame(path=_relative(path, root), line=int(line), function=function)
        for path, line, function in re.findall(r'File "([^"]+)", line (\d+) in (\S+)', chosen)
    ]
    found.reverse()
    first = next((n for n, frame in enumerate(found) if frame.path in own), 0)
    return tuple(_ends(found[first:]))


def innermost_own(frames: Sequence[Frame], root: Path) -> Frame | None:
    """Where the project's own code is, whatever it has called; None if it is nowhere in there."""
    own = (frame for frame in reversed(frames) if _is_own(str(root / frame.path), root))
    return next(own, None)
