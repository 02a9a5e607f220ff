"""Reads on a thread, so that the event loop goes on."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def on_thread(read: Callable[..., T], *values: Any) -> T:
    """Run a read on a thread. Whoever is cancelled waits for it first, once, so that no connection
    outlives its database."""
    reading = asyncio.get_running_loop().run_in_executor(None, partial(read, *values))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        # Looked at, so that its failure is not told as one that nobody took care of.
        if not reading.cancelled():
            reading.exception()
        raise
