"""The sections that pytest and its plugins print at the end, without those that we print ourselves."""

import re

_OURS = ("ERRORS", "FAILURES", "short test summary info", "test session starts")
_TALLY = re.compile(r"(?:\d+ \w+|no tests ran).* in [\d.]+m?s")
_TOP = re.compile(r"^=+ (.+?) =+$")


def sections(log: str) -> str:
    """Durations, coverage, warnings and the like, as printed; empty if there are none."""
    kept: list[str] = []
    is_kept = False
    for line in log.splitlines():
        if top := _TOP.match(line):
            is_kept = top[1] not in _OURS and not _TALLY.match(top[1])
        if is_kept:
            kept.append(line)
    text = "\n".join(kept).strip("\n")
    return f"{text}\n\n" if text else ""
