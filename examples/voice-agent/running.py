"""All that pyproject.toml names, for the demo, the benchmark and the timeline."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def pipeline() -> Iterator[str]:
    """Start it and yield the gateway's URL; stop it afterwards."""
    handrail = str(Path(sys.executable).with_name("handrail"))
    up = subprocess.run([handrail, "services", "up", "--json"], check=True, stdout=subprocess.PIPE)
    try:
        urls = {each["name"]: each["url"] for each in json.loads(up.stdout)["services"]}
        yield urls["gateway"]
    finally:
        subprocess.run([handrail, "services", "down"], check=True, stdout=subprocess.DEVNULL)
