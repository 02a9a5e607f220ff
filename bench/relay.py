"""The relay alone: a log filled beforehand, records a second until the stream holds all of it.

Everything is synced. The yardstick publishes the same rows by `publish_async` to a server that
syncs as it comes.
"""

import asyncio
import contextlib
import statistics
import tempfile
import time
from pathlib import Path

from bench.filled_logs import database_of, fill
from bench.machine import as_a_service, described
from bench.results import Figure, tell
from bench.sites import nats_server
from bench.yardstick import IN_FLIGHT, published_a_second
from bulwark.data_folder import Folder
from shared.database.engine import Database
from shared.nats.connection import Bus
from shared.outbox.relay import Relay

RECORDS = 50_000
ROUNDS = 3
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.005


async def relayed_a_second(nats_url: str, database: Database, count: int) -> float:
    """Rows a second from a log into a stream that does not exist yet."""
    bus = Bus(nats_url, "bench-relay")
    await bus.connect()
    relay = Relay("intake", database, bus)
    begun = time.perf_counter()
    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while relay.published < count:
                await asyncio.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - begun
        state = await bus.stream("INTAKE")
        assert state is not None
        assert state.messages == count, state
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await bus.close()
    return count / seconds


def measure(records: int = RECORDS) -> list[Figure]:
    """The relay beside `publish_async`."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        folder = Folder(Path(scratch))
        rows = fill(folder.path, records)
        with (
            database_of(folder, "intake") as database,
            nats_server(synced=False) as (as_it_comes, _),
        ):
            for _ in range(ROUNDS):
                bare.append(as_a_service(published_a_second(as_it_comes, rows)))
                with nats_server() as (synced, _):
                    ours.append(as_a_service(relayed_a_second(synced, database, records)))
    return [
        Figure(
            "relay alone",
            statistics.median(ours),
            "records/s",
            f"publish_async, {IN_FLIGHT:,} in flight",
            statistics.median(bare),
            reach=1.0,
            wanted=1.6,
            more_is_better=True,
        )
    ]


def main() -> None:
    print(f"relay on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
