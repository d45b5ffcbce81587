"""``make timeline``: draws docs/timeline.svg from a conversation that really was."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from running import pipeline

from voice_agent.audio import FRAME_S
from voice_agent.client import ENDS, Reply, Speaker
from voice_agent.recogniser.ear import Ear
from voice_agent.vocabulary import GAP_FRAMES, WORD_FRAMES

WIDTH, LEFT, RIGHT = 960, 84, 16
ROWS = {"you": 56, "understood": 116, "agent": 176}
INK, QUIET, YOU, AGENT, BREAK = "#1f2933", "#7b8794", "#2f6f9f", "#3f7d4e", "#b3402a"


def conversation(url: str) -> list[tuple[str, float, float, str]]:
    """Blocks of a row, from when to when, and what is in them. Units: seconds from the beginning."""
    blocks: list[tuple[str, float, float, str]] = []
    with Speaker.at(url) as speaker:
        speaker.ask("hello")  # so that everything is connected
        began = time.monotonic()

        def speak(sentence: str) -> None:
            at = time.monotonic() - began
            for number, word in enumerate(sentence.split()):
                start = at + number * (WORD_FRAMES + GAP_FRAMES) * FRAME_S
                blocks.append(("you", start, start + WORD_FRAMES * FRAME_S, word))
            speaker.say_slowly(sentence)

        def listen() -> None:
            reply, ear = Reply(), Ear()
            while True:
                kind, now = speaker.hear(reply), time.monotonic() - began
                if kind == "frame" and (word := ear.hear(reply.frames[-1])):
                    blocks.append(("agent", now - WORD_FRAMES * FRAME_S, now, word))
                if kind == "heard":
                    blocks.append(("understood", now, now, " ".join(reply.end["words"])))
                if kind == "interrupted":
                    blocks.append(("break", now, now, "interrupted"))
                if kind in ENDS:
                    return

        with ThreadPoolExecutor(1) as ears:  # or what comes while somebody speaks would seem late
            answered = ears.submit(listen)
            speak("two plus three")
            answered.result()
            answered = ears.submit(listen)
            speak("count to twelve")
            time.sleep(0.9)  # as a person who has heard enough
            stopped = ears.submit(listen)
            speak("stop")
            answered.result()
            stopped.result()
    return blocks


def drawn(blocks: list[tuple[str, float, float, str]]) -> str:
    """The picture."""
    whole = max(end for _, _, end, _ in blocks) + 0.25
    scale = (WIDTH - LEFT - RIGHT) / whole

    def x(at: float) -> float:
        return round(LEFT + at * scale, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 240"',
        ' font-family="system-ui, sans-serif" font-size="12">',
        "<title>A conversation: a question and its answer, then a long answer that is interrupted</title>",
        f'<rect width="{WIDTH}" height="240" fill="#ffffff"/>',
    ]
    for name, y in ROWS.items():
        parts += [
            f'<text x="12" y="{y + 5}" fill="{QUIET}">{name}</text>',
            f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#e4e7eb"/>',
        ]
    parts += [
        f'<text x="{x(half / 2)}" y="228" fill="{QUIET}" text-anchor="middle">{half / 2:g} s</text>'
        for half in range(int(whole * 2) + 1)
    ]
    for row, start, end, text in sorted(blocks, key=lambda block: block[1]):
        if row == "understood":
            parts.append(f'<path d="M{x(start)} 56V176" stroke="{QUIET}" stroke-dasharray="2 3"/>')
            parts.append(f'<circle cx="{x(start)}" cy="{ROWS[row]}" r="4" fill="{INK}"/>')
            parts.append(
                f'<text x="{x(start) - 8}" y="{ROWS[row] - 8}" fill="{INK}" text-anchor="end">{text}</text>'
            )
        elif row == "break":
            parts.append(f'<path d="M{x(start)} 40V200" stroke="{BREAK}" stroke-width="2"/>')
            parts.append(f'<text x="{x(start) + 6}" y="206" fill="{BREAK}">{text}</text>')
        else:
            color = YOU if row == "you" else AGENT
            y = ROWS[row]
            parts.append(
                f'<rect x="{x(start)}" y="{y - 10}" width="{round((end - start) * scale, 1)}" '
                f'height="20" rx="4" fill="{color}"/>'
            )
            parts.append(
                f'<text x="{x((start + end) / 2)}" y="{y - 15}" fill="{color}" text-anchor="middle" '
                f'font-size="10">{text}</text>'
            )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Talk, draw, say where the picture is."""
    with pipeline() as url:
        blocks = conversation(url)
    file = Path(__file__).with_name("timeline.svg")
    file.write_text(drawn(blocks))
    print(f"{len(blocks)} things that happened: {file}")


if __name__ == "__main__":
    main()
