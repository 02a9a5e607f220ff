"""From the POST of a fever to its `fever_detected` in the hands of an outside subscriber.

All services run; 50 posts a second, as they would come from gates. The yardstick of the same run:
a bare JetStream publish to a subscriber of its own stream on the same server.
"""

import asyncio
import time
from typing import Any

import nats
import orjson
from nats.js.api import RetentionPolicy, StorageType, StreamConfig

from bench.machine import described, percentile, sync_times, up

A_SECOND = 50
SECONDS = 15
WARM_UP = 50
AREA = "220581001001"


class Clockwork:
    """Calls something so many times a second, whether or not the last call has ended."""

    async def run(self, call: Any, count: int) -> None:
        begin = time.perf_counter()
        tasks = []
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / A_SECOND - time.perf_counter()))
            tasks.append(asyncio.create_task(call(number)))
        await asyncio.gather(*tasks)


class Posts:
    """Posts screenings over kept connections, as bytes: the client must not be what is timed."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._free: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: dict[str, float] = {}

    async def open(self, count: int) -> None:
        for _ in range(count):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))

    async def close(self) -> None:
        while not self._free.empty():
            _, writer = self._free.get_nowait()
            writer.close()

    async def post(self, number: int) -> None:
        id_ = f"00000000-0000-4000-8000-{number:012d}"
        body = orjson.dumps(
            {"id": id_, "area": AREA, "temperature_c": 38.4, "place_kind": "checkpoint"}
        )
        head = (
            "POST /intake/screenings HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        reader, writer = await self._free.get()
        self.sent[id_] = time.perf_counter()
        writer.write(head.encode() + body)
        status = await reader.readuntil(b"\r\n\r\n")
        assert b" 201 " in status.split(b"\r\n", 1)[0], status
        length = int(status.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        self._free.put_nowait((reader, writer))


async def fevers(port: int, token: str, nats_url: str, count: int) -> list[float]:
    client = await nats.connect(nats_url)
    arrived: dict[str, float] = {}
    complete = asyncio.Event()

    async def got(message: Any) -> None:
        now = time.perf_counter()
        arrived[orjson.loads(message.data)["data"]["screening_id"]] = now
        if len(arrived) == count:
            complete.set()

    await client.jetstream().subscribe(
        "events.alerts.fever_detected.>", stream="ALERTS", ordered_consumer=True, cb=got
    )
    posts = Posts(port, token)
    await posts.open(8)
    await Clockwork().run(posts.post, count)
    await asyncio.wait_for(complete.wait(), 30)
    await posts.close()
    await client.close()
    return [(arrived[id_] - sent) * 1000 for id_, sent in posts.sent.items()][WARM_UP:]


async def bare(nats_url: str, count: int) -> list[float]:
    client = await nats.connect(nats_url)
    context = client.jetstream()
    config = StreamConfig(
        name="YARDSTICK",
        subjects=["yardstick.>"],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
    )
    await context.add_stream(config)
    sent: dict[int, float] = {}
    arrived: dict[int, float] = {}
    complete = asyncio.Event()

    async def got(message: Any) -> None:
        now = time.perf_counter()
        arrived[orjson.loads(message.data)["number"]] = now
        if len(arrived) == count:
            complete.set()

    await context.subscribe("yardstick.>", stream="YARDSTICK", ordered_consumer=True, cb=got)

    async def publish(number: int) -> None:
        body = orjson.dumps({"number": number, "filling": "x" * 600})
        sent[number] = time.perf_counter()
        await context.publish("yardstick.fever", body)

    await Clockwork().run(publish, count)
    await asyncio.wait_for(complete.wait(), 30)
    await context.delete_stream("YARDSTICK")
    await client.close()
    return [(arrived[number] - at) * 1000 for number, at in sent.items()][WARM_UP:]


def main() -> None:
    print(f"fever POST to outside subscriber, {A_SECOND} posts a second for {SECONDS} s")
    print(f"  machine: {described()}")
    count = A_SECOND * SECONDS
    with up() as running:
        disk = sync_times(running.folder)
        token, url = running.token("recorder"), running.run["nats_url"]
        yardstick = asyncio.run(bare(url, count))
        found = asyncio.run(fevers(running.port, token, url, count))
    p50, p99 = percentile(found, 0.5), percentile(found, 0.99)
    bare50, disk99 = percentile(yardstick, 0.5), percentile(disk, 0.99)
    print(f"  fever: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    bare99 = percentile(yardstick, 0.99)
    print(f"  bare publish to subscriber: p50 {bare50:.2f} ms, p99 {bare99:.2f} ms")
    print(f"  disk sync: p50 {percentile(disk, 0.5):.2f} ms, p99 {disk99:.2f} ms")
    print(f"  ratio of p50: {p50 / bare50:.1f} (to reach: 6)")
    print(f"  p99 beyond the disk's: {p99 - disk99:.1f} ms (to reach: 15)")


if __name__ == "__main__":
    main()
