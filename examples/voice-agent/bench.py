"""``make bench``: how soon the first sound of an answer comes, and how evenly the others follow."""

import argparse
import sys
import time
from itertools import pairwise
from statistics import quantiles, stdev

from running import pipeline

from voice_agent.audio import FRAME_S
from voice_agent.client import Speaker

QUESTION = "count to five"


def main() -> None:
    """Hold some conversations, one after the other, and print what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--talks", type=int, default=20, metavar="N")
    talks = max(2, parser.parse_args().talks)
    first_ms: list[float] = []
    gaps_ms: list[float] = []
    with pipeline() as url, Speaker.at(url) as speaker:
        speaker.ask(QUESTION)  # so that everything is connected
        for number in range(talks):
            speaker.say(QUESTION)
            asked_at = time.monotonic()
            reply = speaker.reply()
            first_ms.append((reply.came_at[0] - asked_at) * 1000)
            gaps_ms += [(b - a) * 1000 for a, b in pairwise(reply.came_at)]
            print(f"\r{number + 1} of {talks}", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    print(f"{talks} answers of {len(reply.frames)} frames, milliseconds")
    print()
    print("|                           |   p50 |   p95 |   max | jitter |")
    print("|---------------------------|------:|------:|------:|-------:|")
    print(row("first sound of an answer", first_ms))
    print(row(f"from frame to frame ({FRAME_S * 1000:.0f})", gaps_ms))


def row(name: str, values: list[float]) -> str:
    """One line of the table; jitter is the standard deviation."""
    parts = quantiles(values, n=20, method="inclusive")
    return (
        f"| {name:25} | {parts[9]:5.1f} | {parts[18]:5.1f} | {max(values):5.1f} "
        f"| {stdev(values):6.1f} |"
    )


if __name__ == "__main__":
    main()
