"""The library that gives a process another time, where it is installed; and its fault."""

import glob
import select
import shutil
import time
from collections.abc import Mapping
from typing import SupportsIndex

_PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
_MORE = (
    "/usr/local/lib/faketime/libfaketime.so.1",
    "/opt/homebrew/lib/faketime/libfaketime.1.dylib",
)
_MONOTONIC = "FAKETIME_DONT_FAKE_MONOTONIC"


def faketime_library() -> str:
    """Its path; empty where it is not installed."""
    found = [path for place in (*_PLACES, *_MORE) for path in sorted(glob.glob(place))]
    return found[0] if found and shutil.which("faketime") else ""


def at_another_time(library: str, date: str) -> dict[str, str]:
    """The variables for a process to which it is that date, and whose monotonic clock is the real one.

    With a false one, a thread that waits with a time limit would wait for ever.
    """
    return {"LD_PRELOAD": library, "FAKETIME": f"@{date}", _MONOTONIC: "1"}


def mend_sleep(environ: Mapping[str, str]) -> None:
    """Let this process sleep, if it has another time.

    libfaketime 0.9.10 takes the moment at which to wake up, by the real monotonic clock, for one by
    the false one: ``time.sleep`` raises OSError. Waiting for nothing to be readable is not affected.
    """
    if not (environ.get(_MONOTONIC) and environ.get("FAKETIME")):
        return

    def sleep(seconds: float | SupportsIndex, /) -> None:
        length = seconds if isinstance(seconds, float) else float(seconds)
        if length < 0:
            raise ValueError("sleep length must be non-negative")
        select.select([], [], [], length)

    time.sleep = sleep
