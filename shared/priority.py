"""Who goes first in a process: a relay with much to publish, before readers take in any of it.

The services of one machine share an interpreter: while four writers apply the beginning of an
order over a whole county, its end would not get to the bus.
"""

import asyncio
import contextlib

MOST_SECONDS = 1.0


class PublishPriority:
    """What the relays and readers of one process agree by; it belongs to their event loop."""

    def __init__(self) -> None:
        self._claims: set[str] = set()
        self._free = asyncio.Event()
        self._free.set()

    def claim(self, service: str) -> None:
        """A service has much to publish, until it releases."""
        self._claims.add(service)
        self._free.clear()

    def release(self, service: str) -> None:
        """It is published, or cannot be at present; nothing happens when nothing was claimed."""
        self._claims.discard(service)
        if not self._claims:
            self._free.set()

    @property
    def claimed(self) -> bool:
        """Whether someone claims to go first; may be asked from any thread."""
        return bool(self._claims)

    async def wait(self) -> None:
        """Wait until nobody claims to go first; a second at most, so that nobody waits for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOST_SECONDS):
                await self._free.wait()
