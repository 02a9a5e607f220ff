"""Reads the four streams as an outside subscriber does, filtered by subject.

Used by `bulwark events` and by the drill's cascade. Each stream has its own ordered consumer, from
a time on or from the beginning.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import nats
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from shared.events.envelope import TOKEN_DIGITS
from shared.nats.connection import reached_by

# A busy broker may need long to create a consumer.
ANSWER_SECONDS = 60.0

STREAMS = ("INTAKE", "ALERTS", "VOLUNTEERS", "ROLLUP")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to read: within an area, of some types (`fever_detected`), from a time on."""

    area: str = ""
    types: tuple[str, ...] = ()
    since: datetime | None = None

    def subjects(self, service: str) -> list[str]:
        """The NATS subjects of these events."""
        tokens, at = [], 0
        for width in TOKEN_DIGITS:
            if at >= len(self.area):
                break
            tokens.append(self.area[at : at + width])
            at += width
        # A grid is the last level: nothing follows it.
        tail = ".".join(tokens if len(tokens) == len(TOKEN_DIGITS) else [*tokens, ">"])
        return [f"events.{service}.{name}.{tail}" for name in (self.types or ("*",))]


async def connect(url: str) -> Client:
    """A connection as an outside subscriber."""
    return await nats.connect(**reached_by(url), name="bulwark-events", max_reconnect_attempts=-1)


async def documents(
    client: Client, wanted: Wanted, *, follow: bool, streams: Sequence[str] = STREAMS
) -> AsyncGenerator[dict[str, Any], None]:
    """The event documents of all streams as they arrive; without `follow` it stops at the ends."""
    queue: asyncio.Queue[Msg] = asyncio.Queue()
    subscriptions: list[JetStreamContext.PushSubscription] = []
    try:
        pending = 0
        for stream in streams:
            try:
                subscriptions.append(await _subscribe(client, stream, wanted, queue))
            except NotFoundError:
                continue
            pending += await _present(subscriptions[-1])
        while follow or pending > 0:
            message = await queue.get()
            pending -= 1
            yield orjson.loads(message.data)
    finally:
        for subscription in subscriptions:
            # Otherwise its heartbeat watch outlives the connection and logs errors.
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()


async def _subscribe(
    client: Client, stream: str, wanted: Wanted, queue: asyncio.Queue[Msg]
) -> JetStreamContext.PushSubscription:
    """Deliver a stream's messages into a queue; raises NotFoundError."""
    context = client.jetstream(timeout=ANSWER_SECONDS)
    policy = DeliverPolicy.BY_START_TIME if wanted.since else DeliverPolicy.ALL
    since = wanted.since.astimezone(UTC).isoformat() if wanted.since else None
    config = ConsumerConfig(
        deliver_policy=policy,
        opt_start_time=since,  # type: ignore[arg-type]
        filter_subjects=wanted.subjects(stream.lower()),
    )
    return await context.subscribe(
        "",
        stream=stream,
        ordered_consumer=True,
        config=config,
        cb=queue.put,
        pending_msgs_limit=1_000_000,
        pending_bytes_limit=1024 * 1024 * 1024,
    )


async def _present(subscription: JetStreamContext.PushSubscription) -> int:
    """How many messages are available now for a subscription."""
    info = await subscription.consumer_info()
    return int(info.num_pending or 0) + int(info.delivered.consumer_seq if info.delivered else 0)
