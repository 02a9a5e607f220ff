"""What a refused request is still sending is taken in, so that its sender reads our answer."""

import asyncio
import contextlib

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

MOST_BYTES = 64 * 1024 * 1024
MOST_SECONDS = 2.0


async def drain(request: HttpRequest) -> None:
    """Take in what is left of a refused request's body, up to 64 MiB or two seconds.

    Closing a connection with data on its way to us resets it, and the answer is lost. A client
    that waits for leave to send has nothing on its way.
    """
    if request.headers.get("expect", "").lower() == "100-continue":
        return
    left = MOST_BYTES
    # A body that was read to its end raises RuntimeError.
    with contextlib.suppress(RuntimeError, ClientDisconnect, TimeoutError):
        async with asyncio.timeout(MOST_SECONDS):
            async for part in request.stream():
                left -= len(part)
                if left < 0:
                    return
