"""``python -m voice_agent.recogniser``: the recogniser as a process."""

from collections.abc import AsyncIterator

import grpc
from voice_agent.recogniser.ear import Ear
from voice_agent.service import main
from voice_agent.wire import LISTEN, Heard


async def listen(
    frames: AsyncIterator[bytes], context: grpc.aio.ServicerContext
) -> AsyncIterator[Heard]:
    """Tell each word as soon as it is over, and each end of a sentence."""
    ear, count = Ear(), 0
    async for frame in frames:
        count += 1
        if heard := ear.hear(frame):
            yield Heard(heard, count)


if __name__ == "__main__":
    main(LISTEN, listen)
