"""Handlers of requests under test, on FastStream's broker in memory or on a real one."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import orjson
from faststream.nats import NatsBroker, TestNatsBroker
from faststream.nats.subscriber.usecases import CoreSubscriber
from pydantic import ValidationError

from shared.nats.connection import Bus

PATIENCE_SECONDS = 10.0
# What nobody answers on a real broker takes that long to be seen.
SILENCE_SECONDS = 0.5
WHERE = ("in memory", "real")


class Asking:
    """Asks the handlers of a broker."""

    def __init__(self, broker: NatsBroker) -> None:
        self._broker = broker

    async def raw(self, subject: str, body: bytes = b"", **headers: str) -> bytes:
        """The bytes of an answer."""
        answer = await self._broker.request(
            body, subject, headers=headers, timeout=PATIENCE_SECONDS
        )
        return answer.body

    async def __call__(self, subject: str, body: Any) -> Any:
        """An answer to what is sent as JSON."""
        return orjson.loads(await self.raw(subject, orjson.dumps(body)))

    async def is_silent(self, subject: str, body: bytes) -> bool:
        """Whether a request gets no answer: in memory, its error comes here instead."""
        try:
            await self._broker.request(body, subject, timeout=SILENCE_SECONDS)
        except (ValidationError, ValueError, nats.errors.TimeoutError):
            return True
        return False


@asynccontextmanager
async def answered(
    url: str, where: str, register: Callable[[Bus], Sequence[CoreSubscriber]]
) -> AsyncIterator[Asking]:
    """The handlers that `register` makes answer."""
    bus = Bus(url, "answering")
    # Held: the broker itself forgets a subscriber that nobody holds.
    subscribers = register(bus)
    real = where == "real"
    async with TestNatsBroker(bus.broker, with_real=real, connect_only=False) as broker:
        yield Asking(broker)
    assert subscribers
