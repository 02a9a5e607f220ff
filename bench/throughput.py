"""Records a second: accepted in bulk over HTTP, through intake's log and stream, into two readers.

Everything is synced, and the clock stops when alerts and rollup have applied the last record, as
far as a look every 0.1 s tells. The yardstick publishes the same documents by `publish_async` to a
server that syncs as it comes. The four services run in processes of their own, as compose has
them, and once more all in one.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.filled_logs import fill
from bench.machine import as_a_service, described
from bench.posts import Screenings, callers, drain, recorded
from bench.results import Figure, tell
from bench.sites import SELDOM_SECONDS, Site, apart, nats_server, until, up
from bench.yardstick import IN_FLIGHT, published_a_second
from shared.writer.log import Row

RECORDS = 30_000
WARM_UP = 2_000
ROUNDS = 3
CONNECTIONS = 3
READERS = ("alerts", "rollup")


class Round(NamedTuple):
    """What one round came to: the yardstick's records a second, ours, and microseconds of each
    process's processor for a record."""

    bare: float
    rate: float
    costs: dict[str, float]


class Load:
    """Bulk loads of one site, and what they cost."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._token = site.token("recorder")
        self._screenings = Screenings(site.folder / "areas.db")

    def run(self, count: int) -> tuple[float, dict[str, float]]:
        """Records a second, and microseconds of each process's processor for one."""
        bulks = self._screenings.bulks(self._token, count)
        last = int(self._site.health()["intake"]["log_head"]) + count
        cpu, begun = self._site.cpu_seconds(), time.perf_counter()
        asyncio.run(self._send(bulks, count))
        until(lambda: self._applied() >= last, "the load was not applied", look=SELDOM_SECONDS)
        seconds = time.perf_counter() - begun
        until(self._site.at_rest, "the services did not come to rest", look=SELDOM_SECONDS)
        used = self._site.cpu_seconds()
        return count / seconds, {name: (used[name] - cpu[name]) / count * 1e6 for name in used}

    async def _send(self, bulks: list[bytes], count: int) -> None:
        async with callers(self._site.ports["intake"], CONNECTIONS) as opened:
            assert recorded(await drain(opened, bulks, 200)) == count

    def _applied(self) -> int:
        services = self._site.health()
        return min(int(services[name]["readers"]["intake"]["place"]) for name in READERS)


def sample(folder: Path, count: int) -> list[Row]:
    """The rows that so many records make, for a yardstick to publish."""
    return fill(folder / "sample", count)


def measure(records: int = RECORDS) -> list[Figure]:
    """Records a second and what each costs, for both shapes."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        rows = sample(Path(scratch), records)
        with nats_server(synced=False) as (bare, _):
            found = {}
            for shape, running in (("a process each", apart), ("all in one process", up)):
                with running() as site:
                    load = Load(site)
                    load.run(WARM_UP)
                    found[shape] = [_round(bare, rows, load) for _ in range(ROUNDS)]
    return [figure for shape, rounds in found.items() for figure in _figures(shape, rounds)]


def _round(bare: str, rows: list[Row], load: Load) -> Round:
    return Round(as_a_service(published_a_second(bare, rows)), *load.run(len(rows)))


def _figures(shape: str, rounds: list[Round]) -> list[Figure]:
    bare = statistics.median(one.bare for one in rounds)
    rate = statistics.median(one.rate for one in rounds)
    cost = statistics.median(sum(one.costs.values()) for one in rounds)
    parts = {name: statistics.median(one.costs[name] for one in rounds) for name in rounds[0].costs}
    told = ", ".join(f"{name} {part:.0f}" for name, part in parts.items())
    return [
        Figure(
            f"bulk over HTTP into two readers, {shape}",
            rate,
            "records/s",
            f"publish_async, {IN_FLIGHT:,} in flight",
            bare,
            reach=0.5,
            wanted=1.0,
            more_is_better=True,
        ),
        Figure(f"processor time a record, {shape} ({told})", cost, "µs", reach=100, wanted=60),
    ]


def main() -> None:
    print(f"throughput on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
