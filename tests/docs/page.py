"""A page of the docs as something that can be run: its files, its commands, what they print.

``<!-- file: PATH -->`` before a block: the block is that file. ``<!-- not run: WHY -->``: the block
is only shown. Every other ``console`` block is run: lines that begin with ``$ `` are commands, the
lines below each are what it prints.
"""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
LIMIT_S = 60
_BLOCK = re.compile(
    r"(?:^<!-- (?P<order>file|not run): (?P<argument>[^\n]*?) -->\n+)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FOREIGN = re.compile(
    r"CI$|GITHUB_|GITLAB_|BUILD_|PYTEST_|HANDRAIL_|COV_CORE_|COVERAGE_|.*(AGENT|CLAUDE|CODEX|CURSOR|GEMINI|OPENCODE|REPL_ID)"
    r"|.*_(URL|HOST|URI|DSN)$|PYTHON|MAKE(FLAGS|LEVEL)|MFLAGS|FORCE_COLOR|NO_COLOR|COLUMNS|LINES"
)
_VARYING = (
    (re.compile(r"^[ |]*\^+\n", re.MULTILINE), ""),  # below a line of source, from Python 3.13 on
    (re.compile(r"(?<=runs/)[a-z0-9]{4,}|(?<=run=)[a-z0-9]{4,}"), "RUN"),
    (re.compile(r"(?<=--kept )[2-9b-z]{4}\b"), "KEPT"),
    (re.compile(r"(?<=handrail wait )[a-z0-9]{4}\b|(?<=handrail rerun )[a-z0-9]{4}\b"), "RUN"),
    (re.compile(r"^(removed |cursor: )?[2-9b-z]{4}(?=$|  |:\d)", re.MULTILINE), r"\1RUN"),
    (re.compile(r"(?<=^cursor: RUN:)\d+", re.MULTILINE), "BYTES"),
    (re.compile(r"^(\d+/[\d?]+ tests|collecting)\b.*\n", re.MULTILINE), ""),  # heartbeats
    (re.compile(r"^running: .*\n", re.MULTILINE), ""),  # as far as a run happens to have come
    (re.compile(r" \| about \S+ left \(\w+\)"), ""),
    (re.compile(r"^.*File \"(?:\.venv|lib)/.*\n", re.MULTILINE), ""),  # frames that are not ours
    (re.compile(r"\.\.\. \d+ more lines"), "... more lines"),
    (re.compile(r"(?<=\blib/)([\w/]+\.py):\d+"), r"\1:LINE"),
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s)\b|\b\d+m\d\d?s\b"), "N s"),
    (re.compile(r"\b127(\.\d+){3}\b"), "ADDRESS"),
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}\b"), "TIME"),
    (re.compile(r"0x[0-9a-f]+"), "0xADDRESS"),
    (re.compile(r"\b\d+(\.\d+)? ?[KMG]i?B\b"), "SIZE"),
    (re.compile(r"[=_-]{4,}"), "----"),
    (re.compile(r" +$", re.MULTILINE), ""),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what to do with it, and where its text is."""

    language: str
    text: str
    path: str
    """Where to write it; empty if it is not a file."""
    is_run: bool
    span: tuple[int, int]


def name_of(page: Path) -> str:
    """The page's path, as an id of a test."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> Iterator[Block]:
    """Every block of a page, in order."""
    for found in _BLOCK.finditer(text):
        order, language = found["order"], found["language"]
        yield Block(
            language=language,
            text=found["text"],
            path=found["argument"] if order == "file" else "",
            is_run=language == "console" and order is None,
            span=found.span("text"),
        )


def executed(text: str, folder: Path) -> str:
    """The page with what its commands print now, run one after the other in ``folder``."""
    parts, end, code = [], 0, 0
    for block in blocks(text):
        if block.path:
            path = folder / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.is_run:
            printed = []
            for command, before in _commands(block.text):
                output, code = _run(command, code, folder)
                is_same = normal(output) == normal(before)
                printed.append(f"$ {command}\n{before if is_same else output}")
            parts += [text[end : block.span[0]], "".join(printed)]
            end = block.span[1]
    return "".join([*parts, text[end:]])


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a block and what the page says it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _run(command: str, code: int, folder: Path) -> tuple[str, int]:
    done = subprocess.run(
        ["bash", "-c", f"(exit {code})\n{command}"],
        check=False,
        cwd=folder,
        env=_environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_S,
    )
    output = done.stdout.decode("utf-8", "replace")
    places = {
        str(folder): "...",
        str(ROOT / "src"): sysconfig.get_path("purelib"),  # where users have it
        sys.prefix: ".venv",
        sysconfig.get_path("stdlib"): "lib",
    }
    for path, name in places.items():
        output = output.replace(path, name)
    return (f"{output.rstrip()}\n" if output.strip() else ""), done.returncode


def _environ() -> Mapping[str, str]:
    """As at a person's machine: no CI, no agent, nothing of a run around us."""
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    scripts = Path(sys.executable).parent
    return kept | {
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
        "HANDRAIL_PLACE": "local",
        "HANDRAIL_AGENT": "0",
        "HANDRAIL_WORKERS": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "-p no:asyncio -p no:hypothesispytest",
    }


def normal(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text
