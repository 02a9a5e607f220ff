"""Ending loops that may swallow a cancellation."""

import asyncio

CANCEL_SECONDS = 0.5


async def end_all(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel loops until they have ended."""
    # Again and again: what a loop awaits in the client may swallow its cancellation.
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_SECONDS)
