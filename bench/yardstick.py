"""What a program gets that publishes and reads with nats-py alone: no database, no guarantees."""

import time
from collections.abc import Sequence

import nats
import orjson
from nats.js.api import StorageType, StreamConfig

from shared.writer.log import Row

IN_FLIGHT = 1024
PULL = 2048
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
    client = await nats.connect(nats_url)
    inbox = await client.subscribe(client.new_inbox(), pending_msgs_limit=4 * PULL)
    begun = time.perf_counter()
    config = {"deliver_policy": "all", "ack_policy": "none", "mem_storage": True}
    wish = orjson.dumps({"stream_name": stream, "config": config})
    made = orjson.loads((await client.request(f"$JS.API.CONSUMER.CREATE.{stream}", wish)).data)
    more = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{made['name']}"
    # next_msg() costs a task and a timer each; its queue is drained at four times the rate.
    queue = inbox._pending_queue
    taken = asked = 0
    while taken < count:
        if asked - taken < PULL // 2:
            await client.publish(more, orjson.dumps({"batch": PULL}), reply=inbox.subject)
            asked += PULL
        message = queue.get_nowait() if not queue.empty() else await queue.get()
        inbox._pending_size -= len(message.data)
        orjson.loads(message.data)
        taken += 1
    seconds = time.perf_counter() - begun
    await client.close()
    return count / seconds
