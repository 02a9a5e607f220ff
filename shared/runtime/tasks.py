"""Ends tasks that may swallow a cancellation."""

import asyncio

CANCEL_SECONDS = 0.5


async def end_all(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks until all have ended."""
    # Repeatedly, as a call of the NATS client may swallow a cancellation.
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_SECONDS)
