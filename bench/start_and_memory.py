"""How soon `bulwark up` is ready, and how much memory the whole takes, idle and after many records.

`python -m bench.start_and_memory --records 200000` loads fewer than a million.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from bench.machine import described
from bench.posts import Screenings, callers, drain, recorded
from bench.results import Figure, tell
from bench.sites import Site, until, up

STARTS = 4
FIRST = 100_000
RECORDS = 1_000_000
# The broker keeps blocks that it has written for a while.
REST_SECONDS = 60
# So many lines are prepared at a time: the client must not be what grows.
AT_ONCE = 20_000
# What the garbage collectors of both processes leave for later differs by so much.
NOISE_MB = 10


def measure(records: int = RECORDS) -> list[Figure]:
    """Start, memory when idle, after many records, and what it grows by past the first of them."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        folder = Path(scratch) / "data"
        starts, idle = [], []
        for _ in range(STARTS):
            with up(folder) as site:
                starts.append(site.ready_seconds)
                idle.append(sum(site.memory_mb().values()))
        with up(folder) as site:
            screenings = Screenings(site.folder / "areas.db")
            first = _after(site, screenings, min(records, FIRST))
            last = _after(site, screenings, records - FIRST)
            time.sleep(REST_SECONDS)
            rested = sum(site.memory_mb().values())
    return [
        # The first start of a folder makes its databases.
        Figure("start until all is ready", statistics.median(starts[1:]), "s", reach=3),
        Figure("memory of the embedded whole, idle", statistics.median(idle), "MB",
               reach=200, wanted=150),
        Figure(f"memory after {records:,} records", last, "MB", reach=200, wanted=150),
        Figure("memory a minute later", rested, "MB", reach=200, wanted=150),
        Figure(f"growth past the first {min(records, FIRST):,} records", last - first, "MB",
               reach=NOISE_MB),
    ]  # fmt: skip


def _after(site: Site, screenings: Screenings, count: int) -> float:
    """Megabytes of all processes once so many more records have been taken in."""
    token = site.token("recorder")
    while count > 0:
        part = min(count, AT_ONCE)
        asyncio.run(_send(site, screenings.bulks(token, part), part))
        until(site.at_rest, "the services did not come to rest")
        count -= part
    return sum(site.memory_mb().values())


async def _send(site: Site, bulks: list[bytes], count: int) -> None:
    async with callers(site.ports["intake"], 2) as opened:
        assert recorded(await drain(opened, bulks, 200)) == count


def records_asked() -> int:
    """What `--records` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    return int(parser.parse_args().records)


def main() -> None:
    print(f"start and memory (proportional set size) on {described()}")
    tell(measure(records_asked()))


if __name__ == "__main__":
    main()
