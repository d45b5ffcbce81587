"""The library that gives a process another time, where it is installed."""

import glob
import shutil

_PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
_MORE = (
    "/usr/local/lib/faketime/libfaketime.so.1",
    "/opt/homebrew/lib/faketime/libfaketime.1.dylib",
)


def faketime_library() -> str:
    """Its path; empty where it is not installed."""
    found = [path for place in (*_PLACES, *_MORE) for path in sorted(glob.glob(place))]
    return found[0] if found and shutil.which("faketime") else ""
