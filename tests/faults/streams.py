"""What a stream holds, asked by a client of the test's own."""

import asyncio
import contextlib
from typing import Any

import nats
import orjson
from nats.js.errors import NotFoundError

from tests.support.harness import PATIENCE


async def state_of(url: str, stream: str, seconds: float) -> dict[str, Any]:
    """What STREAM.INFO answers within some seconds."""
    client = await nats.connect(url, connect_timeout=PATIENCE)
    try:
        answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=seconds)
        found: dict[str, Any] = orjson.loads(answer.data)
        return found
    finally:
        await client.close()


async def wait_until_asked_about(url: str, stream: str, times: int) -> None:
    """Until somebody has asked for a stream's state so many times."""
    client = await nats.connect(url, connect_timeout=PATIENCE)
    try:
        asked = await client.subscribe(f"$JS.API.STREAM.INFO.{stream}")
        for _ in range(times):
            await asked.next_msg(timeout=PATIENCE)
    finally:
        await client.close()


async def delete(url: str, stream: str) -> None:
    """Delete a stream, if it is there."""
    client = await nats.connect(url, connect_timeout=PATIENCE)
    try:
        await client.request(f"$JS.API.STREAM.DELETE.{stream}", b"", timeout=PATIENCE)
    finally:
        await client.close()


async def whole(url: str, stream: str) -> list[tuple[int, bytes]]:
    """The numbers and bodies of a stream's messages, in order; empty while there is none."""
    client = await nats.connect(url, connect_timeout=PATIENCE)
    try:
        context = client.jetstream(timeout=PATIENCE)
        try:
            total = (await context.stream_info(stream)).state.messages
        except NotFoundError:
            return []
        queue: asyncio.Queue[Any] = asyncio.Queue()
        await context.subscribe(
            "",
            stream=stream,
            ordered_consumer=True,
            cb=queue.put,
            pending_msgs_limit=1_000_000,
            pending_bytes_limit=1 << 30,
        )
        found = []
        # A stream that is made again meanwhile ends early: who asked looks once more.
        with contextlib.suppress(TimeoutError):
            for _ in range(total):
                message = await asyncio.wait_for(queue.get(), 3)
                found.append((message.metadata.sequence.stream, message.data))
        return found
    finally:
        await client.close()
