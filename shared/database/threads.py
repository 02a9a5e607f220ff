"""Runs reads on a thread, so that they do not block the event loop."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def on_thread(read: Callable[..., T], *values: Any) -> T:
    """Run a read on a thread.

    A cancelled caller still waits for the read to end, so that no connection outlives its
    database; a second cancellation ends the wait.
    """
    reading = asyncio.get_running_loop().run_in_executor(None, partial(read, *values))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        # Retrieved, so that asyncio does not log it as an exception that was never retrieved.
        if not reading.cancelled():
            reading.exception()
        raise
