"""``python -m voice_agent.synthesiser``: the synthesiser as a process."""

from collections.abc import AsyncIterator

import grpc
from voice_agent.service import main
from voice_agent.synthesiser.voice import UnknownWordError, speak
from voice_agent.wire import SPEAK


async def frames(word: str, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
    """The frames of a word."""
    try:
        for frame in speak(word):
            yield frame
    except UnknownWordError as error:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


if __name__ == "__main__":
    main(SPEAK, frames)
