"""Publish priority: a relay with much to publish goes before the readers of its process.

The services of one machine share an interpreter: otherwise four writers would apply the beginning
of an order for a whole county while its end does not reach the bus.
"""

import asyncio
import contextlib

MOST_SECONDS = 1.0


class PublishPriority:
    """Shared by the relays and readers of one process, on their event loop."""

    def __init__(self) -> None:
        self._holders: set[str] = set()
        self._free = asyncio.Event()
        self._free.set()

    def acquire(self, service: str) -> None:
        """Give a service priority, until it releases."""
        self._holders.add(service)
        self._free.clear()

    def release(self, service: str) -> None:
        """End a service's priority; no error when it has none."""
        self._holders.discard(service)
        if not self._holders:
            self._free.set()

    @property
    def is_held(self) -> bool:
        """Whether a service has priority; may be called from any thread."""
        return bool(self._holders)

    async def wait(self) -> None:
        """Wait until no service has priority, for a second at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOST_SECONDS):
                await self._free.wait()
