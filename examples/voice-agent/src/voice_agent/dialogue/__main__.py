"""``python -m voice_agent.dialogue``: the dialogue as a process."""

from collections.abc import AsyncIterator

import grpc
from voice_agent.dialogue.answers import answer
from voice_agent.service import main
from voice_agent.wire import ANSWER


async def reply(sentence: str, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
    """The words of the reply, each as soon as it is known."""
    for word in answer(sentence.split()):
        yield word.encode()


if __name__ == "__main__":
    main(ANSWER, reply)
