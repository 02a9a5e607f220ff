"""What a program gets that publishes and reads with nats-py alone: no database, no guarantees."""

import asyncio
import time
from collections.abc import Sequence

import nats
import orjson
from nats.js.api import StorageType, StreamConfig

from shared.bus import Bus
from shared.feed import Feed, status_of
from shared.log import Row

IN_FLIGHT = 1024
STREAM = "YARDSTICK"


async def published_a_second(nats_url: str, rows: Sequence[Row]) -> float:
    """Messages a second by `publish_async`, 1,024 in flight, until the last is acknowledged."""
    client = await nats.connect(nats_url)
    context = client.jetstream(publish_async_max_pending=IN_FLIGHT)
    config = StreamConfig(name=STREAM, subjects=["yardstick.>"], storage=StorageType.FILE)
    await context.add_stream(config)
    begun = time.perf_counter()
    for row in rows:
        await context.publish_async(f"yardstick.{row.subject}", row.document)
    await context.publish_async_completed()
    seconds = time.perf_counter() - begun
    stored = (await context.stream_info(STREAM)).state.messages
    assert stored == len(rows), stored
    await context.delete_stream(STREAM)
    await client.close()
    return len(rows) / seconds


async def read_a_second(nats_url: str, stream: str, count: int) -> float:
    """Messages a second by a continuous pull whose queue is drained, each decoded from JSON."""
    bus = Bus(nats_url, "yardstick")
    await bus.connect()
    feed = Feed(bus, stream)
    begun = time.perf_counter()
    await feed.open(1)
    taken = 0
    while taken < count:
        before = taken
        message = await feed.next()
        while True:
            if status_of(message) is None:
                orjson.loads(message.data)
                taken += 1
            if not feed.waiting:
                break
            message = await feed.next()
        await feed.top_up(taken - before)
    seconds = time.perf_counter() - begun
    await feed.close()
    await bus.close()
    # The connection's tasks end at their next turn.
    await asyncio.sleep(0)
    return count / seconds
