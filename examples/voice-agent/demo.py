"""``make demo``: a conversation with the pipeline, in tones; demo.wav is how it sounded."""

from pathlib import Path

from running import pipeline

from voice_agent.audio import wav
from voice_agent.client import Reply, Speaker
from voice_agent.synthesiser.voice import say

QUESTIONS = ["hello", "two plus three", "twelve times twelve", "seven minus nineteen", "much hello"]


def main() -> None:
    """Ask a few things, then interrupt a long answer."""
    sound: list[bytes] = []
    with pipeline() as url, Speaker.at(url) as speaker:
        for question in QUESTIONS:
            show(question, reply := speaker.ask(question))
            sound += say(question.split()) + reply.frames
        speaker.say("count to nine hundred")
        reply = Reply()
        while len(reply.frames) < 40:
            speaker.hear(reply)
        speaker.say("stop")
        show("count to nine hundred", speaker.reply(reply))
        show("stop", speaker.reply())
        sound += say(["count", "to", "nine", "hundred"]) + reply.frames + say(["stop"])
    file = Path(__file__).with_name("demo.wav")
    file.write_bytes(wav(sound))
    print(f"{file.name}: how it sounded, {len(sound) * 0.02:.0f} s")


def show(question: str, reply: Reply) -> None:
    """What was said, what was heard, and how it ended."""
    told = "" if reply.end["type"] == "done" else f"   ({reply.end['type']})"
    print(f"you: {question:22}  agent: {' '.join(reply.words) or '-'}{told}", flush=True)


if __name__ == "__main__":
    main()
