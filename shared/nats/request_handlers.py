"""Request handlers: typed answers to requests over core NATS, run by FastStream.

    register()  creates the broker's subscribers, each with its handlers
    begin()     registers and starts them: requests are answered
    end()       stops them: requests are no longer answered

A part that answers only while it leads begins and ends with its term. The broker as a whole is
never started: that would let a follower answer in its leader's place. Each term has subscribers of
its own, so that nothing of an earlier one, whose end was cut short, answers in a later one.

Only JetStream acknowledges: a request that fails, or whose handler is being stopped, gets no
answer, and the client repeats it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import nats.errors
import orjson
from faststream.message import StreamMessage
from faststream.nats.subscriber.usecases import CoreSubscriber

Register = Callable[[], Sequence[CoreSubscriber]]


class RequestHandlers:
    """The subscribers of one part, which begin and end together."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._subscribers: Sequence[CoreSubscriber] = ()
        self._answering = False

    async def begin(self) -> None:
        """Start answering, unless it has begun already. Raises what the bus raises."""
        if self._answering:
            return
        await self.end()
        self._subscribers = self._register()
        for subscriber in self._subscribers:
            await subscriber.start()
        self._answering = True

    async def end(self) -> None:
        """Stop answering; an answer under way has a moment to be sent."""
        self._answering = False
        ended, self._subscribers = self._subscribers, ()
        await asyncio.gather(*(_stop(subscriber) for subscriber in ended))


async def _stop(subscriber: CoreSubscriber) -> None:
    # A broker that cannot be reached drops the subscription with its connection.
    with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
        await subscriber.stop()


async def json_or_nothing(message: StreamMessage[Any]) -> Any:
    """Decode a body as JSON, whatever its headers say; older releases ask without a body."""
    return orjson.loads(message.body or b"{}")
