"""Which tests a change affects, each with its reason: by what each test was seen to use. Pure.

On the safe side: what is not known is run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from posixpath import basename, dirname

from handrail.core.fingerprints import MODULE, block_of, fingerprint
from handrail.frozen import dataclass, field

Blocks = Mapping[str, str]
"""Fingerprints by block."""
Print = tuple[str, tuple[tuple[str, str], ...]]
"""A file and the blocks of it that a test uses, with their fingerprints; many tests share one."""

ALL_RUN = frozenset(
    {"pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", ".pytest.ini", "uv.lock",
     "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "requirements.lock", "conda-lock.yml"}
)  # fmt: skip
"""Files of these names change what any test means."""
_PROSE = (".md", ".rst", ".adoc")
_NOT_CODE = frozenset({"LICENSE", "NOTICE", "AUTHORS", "CODEOWNERS", "Makefile", "justfile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A project at one moment. Paths are relative to its folder, with ``/``."""

    blocks: Mapping[str, Blocks]
    """Of every Python file."""
    others: Mapping[str, str]
    """A fingerprint of every other file."""
    environment: str
    """Python and what is installed."""

    def listing(self, folder: str) -> str:
        """A fingerprint of the names in a folder."""
        start = f"{folder}/" if folder not in {"", "."} else ""
        names = {
            path.removeprefix(start).partition("/")[0]
            for path in (*self.blocks, *self.others)
            if path.startswith(start)
        }
        return fingerprint("\n".join(sorted(names)).encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one test was seen to do, by the worker that ran it."""

    test: str
    code: Mapping[str, Sequence[str]] | None
    """Names of functions by file; None if that could not be seen."""
    files: Sequence[str] = ()
    """Files that it read, other than Python's."""
    folders: Sequence[str] = ()
    """Folders that it listed."""
    starts_process: bool = False
    """Whether it started one, of which nothing is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one test used when it last passed."""

    test: str
    prints: tuple[Print, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    starts_process: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to be run."""

    reasons: Mapping[str, str]
    """Why, for each recorded test that is affected."""
    unaffected: frozenset[str]
    """Recorded tests that need not run. What is neither is new, and runs."""
    because: str = ""
    """Why all run, if they do."""


def record_of(
    seen: Seen, now: Snapshot, needs: Callable[[Iterable[str]], Iterable[str]]
) -> Record | None:
    """What a test that has passed is to be known by; None if it cannot be known.

    ``needs``: the files that these import, at any remove, they themselves among them.
    """
    module = seen.test.partition("::")[0]
    if module not in now.blocks:
        return None
    above = [path for path in now.blocks if _is_above(path, module)]
    ran = [path for path in seen.code or () if path in now.blocks]
    imported = [path for path in needs([module, *above, *ran]) if path in now.blocks]
    uses: dict[str, set[str]] = {path: {MODULE} for path in imported}
    whole = [*above, *(imported if seen.code is None else ())]
    for path in whole:
        uses[path] = set(now.blocks[path])
    for path in ran:
        names = (seen.code or {})[path]
        uses[path] |= {block_of(name, now.blocks[path]) for name in names}
    return Record(
        test=seen.test,
        prints=tuple(_print(path, uses[path], now) for path in sorted(uses)),
        files={path: now.others[path] for path in sorted(set(seen.files)) if path in now.others},
        folders={path: now.listing(path) for path in sorted(set(seen.folders))},
        starts_process=seen.starts_process,
    )


def _is_above(path: str, module: str) -> bool:
    """Whether it is a conftest that applies to this module."""
    folder = dirname(path)
    return basename(path) == "conftest.py" and (not folder or module.startswith(f"{folder}/"))


def _print(path: str, names: Iterable[str], now: Snapshot) -> Print:
    return path, tuple((name, now.blocks[path][name]) for name in sorted(names))


def choose(
    records: Iterable[Record], before: Snapshot | None, now: Snapshot, since: Snapshot | None = None
) -> Chosen:
    """Which of the recorded tests a change affects.

    ``before``: the project when the records were last written. ``since``: the project as somebody
    names it; what differs from that counts too, though the tests may have passed meanwhile. It need only hold
    the files that differ, and files that were not there are absent.
    """
    found = list(records)
    because = _why_all(found, before, now) or (_why_all(found, since, now) if since else "")
    if because:
        return Chosen(
            reasons={r.test: because for r in found}, unaffected=frozenset(), because=because
        )
    is_any = _is_any_changed(before, now) or (
        since is not None and bool(since.blocks or since.others)
    )
    known: dict[Print, str] = {}
    listed: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for record in found:
        for each in record.prints:
            if each not in known:
                known[each] = _why_print(each, now, since)
        for folder in record.folders:
            if folder not in listed:
                listed[folder] = now.listing(folder)
        why = next((known[each] for each in record.prints if known[each]), "") or _why_files(
            record, now, since, listed
        )
        if not why and record.starts_process and is_any:
            why = "it starts a process, of which nothing is seen"
        if why:
            reasons[record.test] = why
    return Chosen(
        reasons=reasons,
        unaffected=frozenset(r.test for r in found if r.test not in reasons),
    )


def _is_any_changed(before: Snapshot | None, now: Snapshot) -> bool:
    return before is None or before.blocks != now.blocks or before.others != now.others


def _why_all(records: Sequence[Record], before: Snapshot | None, now: Snapshot) -> str:
    """Why every test must run, if it must."""
    if before is None:
        return "nothing was recorded yet"
    if before.environment and before.environment != now.environment:
        return "Python or what is installed has changed"
    is_partial = not before.environment
    read = {path for record in records for path in record.files}
    paths = before.others if is_partial else {**before.others, **now.others}
    for path in sorted(paths):
        if before.others.get(path) == now.others.get(path) or path in read:
            continue
        name = basename(path)
        if name in ALL_RUN or name.startswith("requirements"):
            return f"{path} has changed"
        if not (name.endswith(_PROSE) or name in _NOT_CODE or name.startswith(".git")):
            return f"{path} has changed, and nobody knows who reads it"
    paths_of_code = before.blocks if is_partial else {**before.blocks, **now.blocks}
    for path in sorted(paths_of_code):
        is_new = path not in before.blocks or (is_partial and not before.blocks[path])
        if is_new and basename(path) in {"conftest.py", "__init__.py"}:
            return f"{path} is new"
        if is_new and not _is_test_module(path):
            return f"{path} is new: an import may mean it now"
    return ""


def _is_test_module(path: str) -> bool:
    name = basename(path)
    return name.startswith("test_") or name.endswith("_test.py")


def _why_print(used: Print, now: Snapshot, since: Snapshot | None) -> str:
    path, names = used
    if path not in now.blocks:
        return f"{path} is gone"
    for name, then in names:
        changed = now.blocks[path].get(name) != then
        if since is not None and path in since.blocks:
            changed = changed or now.blocks[path].get(name) != since.blocks[path].get(name)
        if changed:
            return f"{path}: {name or 'what runs when it is imported'} has changed"
    return ""


def _why_files(
    record: Record, now: Snapshot, since: Snapshot | None, listed: Mapping[str, str]
) -> str:
    for path, then in record.files.items():
        if now.others.get(path) != then:
            return f"{path}, which it reads, has changed"
        if since is not None and path in since.others and since.others[path] != then:
            return f"{path}, which it reads, has changed"
    for folder, then in record.folders.items():
        if listed[folder] != then:
            return f"{folder or '.'}, which it lists, has other files"
    return ""
