"""Catch-up: an empty rollup reads intake's full stream; beside a bare pull that only decodes."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench.filled_logs import database_of, fill
from bench.machine import as_a_service, described
from bench.relay import relayed_a_second
from bench.results import Figure, tell
from bench.sites import nats_server
from bench.yardstick import read_a_second
from bulwark.data_folder import Folder
from bulwark.registry import SERVICES
from shared.clock.clock import RealClock
from shared.database.engine import Database
from shared.nats.connection import Bus
from shared.runtime.runtime import Runtime

RECORDS = 50_000
ROUNDS = 3
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.005


async def applied_a_second(nats_url: str, folder: Folder, database: Database, count: int) -> float:
    """Events a second from the start of an empty rollup until it has applied the last."""
    site = folder.site("bulwark", RealClock())
    rollup = Runtime(SERVICES["rollup"], site, database, Bus(nats_url, "bench-rollup"))
    reader = next(reader for reader in rollup.readers if reader.source == "intake")
    begun = time.perf_counter()
    await rollup.start()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while reader.checkpoint < count:
                await asyncio.sleep(LOOK_SECONDS)
        return count / (time.perf_counter() - begun)
    finally:
        await rollup.stop()
        site.areas.close()
        site.vault.close()


def measure(records: int = RECORDS) -> list[Figure]:
    """Catching up beside bare reading."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        folder = Folder(Path(scratch) / "intake")
        fill(folder.path, records)
        for number in range(ROUNDS):
            empty = Folder(Path(scratch) / f"rollup-{number}")
            empty.prepare()
            with (
                nats_server() as (url, _),
                database_of(folder, "intake") as intake,
                database_of(empty, "rollup") as rollup,
            ):
                as_a_service(relayed_a_second(url, intake, records))
                bare.append(as_a_service(read_a_second(url, "INTAKE", records)))
                ours.append(as_a_service(applied_a_second(url, empty, rollup, records)))
    return [
        Figure(
            "catch-up of an empty rollup",
            statistics.median(ours),
            "records/s",
            "continuous pull with decode",
            statistics.median(bare),
            reach=0.3,
            wanted=0.6,
            more_is_better=True,
        )
    ]


def main() -> None:
    print(f"catch-up on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
