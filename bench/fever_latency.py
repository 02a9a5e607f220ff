"""From the POST of a fever to its `fever_detected` in the hands of an outside subscriber.

All services run; 50 posts a second, as they would come from gates: alone, then beside a bulk load
of half of what the same site took at the most. The yardstick of the same run: a bare JetStream
publish to a subscriber of its own stream on the same server.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import nats
import orjson
from nats.js.api import StorageType, StreamConfig

from bench.machine import as_a_service, described, percentile, sync_times
from bench.posts import BULK_LINES, Screenings, callers, recorded, request
from bench.results import Figure, tell
from bench.sites import Site, apart, until, up
from bench.throughput import Load

A_SECOND = 50
SECONDS = 12
WARM_UP = 50
ROUNDS = 3
CONNECTIONS = 8
GREATEST = 20_000
PATIENCE_SECONDS = 30.0


async def paced(call: Callable[[int], Awaitable[None]], a_second: float, count: int) -> None:
    """Call something so many times a second, whether or not the last call has ended."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / a_second - time.perf_counter()))
            tasks.create_task(_call(call, number))


async def _call(call: Callable[[int], Awaitable[None]], number: int) -> None:
    await call(number)


class Arrivals:
    """When what was sent under a name arrived at a subscriber."""

    def __init__(self, wanted: int) -> None:
        self.sent: dict[str, float] = {}
        self._arrived: dict[str, float] = {}
        self._wanted = wanted
        self._complete = asyncio.Event()

    def came(self, name: str) -> None:
        """It arrived just now; what nobody here sent is let go."""
        if name in self.sent:
            self._arrived[name] = time.perf_counter()
            if len(self._arrived) == self._wanted:
                self._complete.set()

    async def milliseconds(self) -> list[float]:
        """How long each took, in the order they were sent, without the first few."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._complete.wait()
        return [(self._arrived[name] - at) * 1000 for name, at in self.sent.items()][WARM_UP:]


async def fevers(site: Site, token: str, lines: list[bytes], bulks: list[bytes]) -> list[float]:
    """Milliseconds from post to subscriber; `bulks` are spread over the same time."""
    client = await nats.connect(site.nats_url)
    arrivals = Arrivals(len(lines))

    async def got(message: Any) -> None:
        arrivals.came(orjson.loads(message.data)["data"]["screening_id"])

    await client.jetstream().subscribe(
        "events.alerts.fever_detected.>", stream="ALERTS", ordered_consumer=True, cb=got
    )
    async with callers(site.ports["intake"], 2 * CONNECTIONS) as opened:
        free: asyncio.Queue[Any] = asyncio.Queue()
        for caller in opened:
            free.put_nowait(caller)

        async def ask(asked: bytes) -> tuple[int, bytes]:
            caller = await free.get()
            answer: tuple[int, bytes] = await caller.call(asked)
            free.put_nowait(caller)
            return answer

        async def post(number: int) -> None:
            asked = request("POST", "/intake/screenings", token, lines[number])
            arrivals.sent[orjson.loads(lines[number])["id"]] = time.perf_counter()
            status, body = await ask(asked)
            assert status == 201, body

        async def load(number: int) -> None:
            status, body = await ask(bulks[number])
            assert status == 200, body
            assert recorded([body]) == BULK_LINES

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(paced(post, A_SECOND, len(lines)))
            if bulks:
                rate = A_SECOND * len(bulks) / len(lines)
                tasks.create_task(paced(load, rate, len(bulks)))
        found = await arrivals.milliseconds()
    await client.close()
    return found


async def bare(nats_url: str, count: int) -> list[float]:
    """Milliseconds from a bare publish to the subscriber of its stream."""
    client = await nats.connect(nats_url)
    context = client.jetstream()
    config = StreamConfig(name="YARDSTICK", subjects=["yardstick.>"], storage=StorageType.FILE)
    await context.add_stream(config)
    arrivals = Arrivals(count)

    async def got(message: Any) -> None:
        arrivals.came(orjson.loads(message.data)["number"])

    await context.subscribe("yardstick.>", stream="YARDSTICK", ordered_consumer=True, cb=got)

    async def publish(number: int) -> None:
        body = orjson.dumps({"number": str(number), "filling": "x" * 600})
        arrivals.sent[str(number)] = time.perf_counter()
        await context.publish("yardstick.fever", body)

    await paced(publish, A_SECOND, count)
    found = await arrivals.milliseconds()
    await context.delete_stream("YARDSTICK")
    await client.close()
    return found


class Rounds:
    """What each round on one site came to, in milliseconds."""

    def __init__(self, site: Site, seconds: int) -> None:
        self._site = site
        self._count = A_SECOND * seconds
        self._seconds = seconds
        self._token = site.token("recorder")
        self._screenings = Screenings(site.folder / "areas.db", seed=2)
        self.bare50: list[float] = []
        self.p50: list[float] = []
        self.beyond_disk: list[float] = []
        self.loaded99: list[float] = []

    def quiet(self) -> None:
        """One round of fevers alone."""
        disk = sync_times(self._site.folder)
        self.bare50.append(percentile(as_a_service(bare(self._site.nats_url, self._count)), 0.5))
        found = self._fevers([])
        self.p50.append(percentile(found, 0.5))
        self.beyond_disk.append(percentile(found, 0.99) - percentile(disk, 0.99))

    def loaded(self, a_second: float) -> None:
        """One round of fevers beside a bulk load of so many records a second."""
        bulks = max(1, round(a_second * self._seconds / BULK_LINES))
        load = self._screenings.bulks(self._token, bulks * BULK_LINES, fever_in=0)
        self.loaded99.append(percentile(self._fevers(load), 0.99))

    def _fevers(self, bulks: list[bytes]) -> list[float]:
        lines = self._screenings.lines(self._count, fever_in=1)
        found = as_a_service(fevers(self._site, self._token, lines, bulks))
        until(self._site.at_rest, "the services did not come to rest")
        return found


def measure(seconds: int = SECONDS, greatest: int = GREATEST) -> list[Figure]:
    """Fevers alone in one process; beside a load, in one process and with a process each."""
    figures = []
    shapes: tuple[tuple[str, AbstractContextManager[Site]], ...] = (
        ("all in one process", up()),
        ("a process each", apart()),
    )
    for shape, running in shapes:
        with running as site:
            rounds = Rounds(site, seconds)
            for _ in range(ROUNDS):
                rounds.quiet()
            load = Load(site)
            half = statistics.median(load.run(greatest)[0] for _ in range(ROUNDS)) / 2
            for _ in range(ROUNDS):
                rounds.loaded(half)
        figures += _figures(shape, rounds, half)
    return figures


def _figures(shape: str, rounds: Rounds, half: float) -> list[Figure]:
    what = f"fever POST to subscriber, {shape}"
    return [
        Figure(
            f"{what}: p50",
            statistics.median(rounds.p50),
            "ms",
            "bare publish to subscriber",
            statistics.median(rounds.bare50),
            reach=6,
            wanted=3,
        ),
        Figure(
            f"{what}: p99 beyond the disk's sync p99",
            statistics.median(rounds.beyond_disk),
            "ms",
            reach=15,
        ),
        Figure(
            f"{what}: p99 beside {half:,.0f} bulk records a second, half of the greatest load",
            statistics.median(rounds.loaded99),
            "ms",
            reach=150,
            wanted=100,
        ),
    ]


def main() -> None:
    print(f"fever POST to outside subscriber, {A_SECOND} posts a second, on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
