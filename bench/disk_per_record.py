"""What a record costs: disk in the databases, in the broker's store and in a backup; processor.

`python -m bench.disk_per_record --records 20000`: for docs/operating.md. Every twentieth record is
a fever, so that events of other services are among them.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import described
from bench.posts import Screenings, callers, drain, recorded
from bench.results import Figure, tell
from bench.sites import SELDOM_SECONDS, Site, until, up

RECORDS = 20_000
FEVER_IN = 20
# What a community is taken to record in a day: two checkpoints and its rounds.
A_DAY = 300
COMMUNITIES = 333


def measure(records: int = RECORDS) -> list[Figure]:
    """The figures of one run, per record and, reckoned from them, per community and day."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        folder = Path(scratch) / "data"
        with _idle(folder) as (site, before):
            cpu, began = sum(site.cpu_seconds().values()), time.perf_counter()
            screenings = Screenings(site.folder / "areas.db")
            asyncio.run(_send(site, screenings, records))
            until(site.at_rest, "the services did not come to rest", look=SELDOM_SECONDS)
            cpu, seconds = sum(site.cpu_seconds().values()) - cpu, time.perf_counter() - began
            heads = {name: one["log_head"] for name, one in site.health().items()}
            memory = sum(site.memory_mb().values())
            backed_up, backup_seconds = _backup(folder, Path(scratch) / "backup")
        # Ended in order, so that the write-ahead logs are settled.
        after = _sizes(folder)
    kinds = {
        "databases": after["db"] - before["db"],
        "streams": after["nats"] - before["nats"],
        "a backup": backed_up,
    }
    events = sum(heads.values())
    return [
        *(Figure(f"disk of a record in {name}", size / records, "B")
          for name, size in kinds.items()),
        Figure("events of a record, all services", events / records, "events"),
        Figure("disk of an event, databases and streams",
               (kinds["databases"] + kinds["streams"]) / events, "B"),
        Figure("processor of a record", cpu / records * 1e6, "µs"),
        Figure("records taken in and applied everywhere", records / seconds, "/s"),
        Figure(f"memory after {records:,} records", memory, "MB"),
        Figure("the backup of it takes", backup_seconds, "s"),
        Figure(f"a community and day of {A_DAY} records, databases and streams",
               (kinds["databases"] + kinds["streams"]) / records * A_DAY / 1e3, "kB"),
        Figure(f"a county of {COMMUNITIES} communities, a day",
               (kinds["databases"] + kinds["streams"]) / records * A_DAY * COMMUNITIES / 1e6, "MB"),
        Figure("processor of such a county, a day",
               cpu / records * A_DAY * COMMUNITIES, "s"),
    ]  # fmt: skip


@contextmanager
def _idle(folder: Path) -> Iterator[tuple[Site, dict[str, int]]]:
    """An instance that has been started and stopped once, running again, and what it took then."""
    with up(folder):
        pass
    before = _sizes(folder)
    with up(folder) as site:
        yield site, before


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes on disk beneath each part of a data folder, as the disk counts them."""
    return {
        part: sum(file.stat().st_blocks * 512 for file in (folder / part).rglob("*"))
        for part in ("db", "nats")
    }


async def _send(site: Site, screenings: Screenings, records: int) -> None:
    token = site.token("recorder")
    async with callers(site.ports["intake"], 2) as opened:
        bulks = screenings.bulks(token, records, fever_in=FEVER_IN)
        assert recorded(await drain(opened, bulks, 200)) == records


def _backup(folder: Path, target: Path) -> tuple[int, float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "bulwark", "backup", str(target), "--data", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - began
    return sum(file.stat().st_size for file in target.rglob("*") if file.is_file()), seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    records = int(parser.parse_args().records)
    print(f"what a record costs, on {described()}")
    tell(measure(records))


if __name__ == "__main__":
    main()
