"""Reading a level's figures for a day, with counters of 1 day and of 365 days in the database."""

import datetime as dt
import statistics
import tempfile
import time
from pathlib import Path

from bench.filled_logs import database_of
from bench.machine import as_a_service, described, percentile
from bench.posts import COUNTY, callers, request
from bench.results import Figure, tell
from bench.sites import Site, up
from bulwark.data_folder import Folder
from services.rollup.figures.domain import DAILY, STANDING, local_day
from services.rollup.figures.handlers import add
from shared.areas.tree import Areas
from shared.clock.clock import CST
from shared.database.engine import Database

DAYS = 365
ROUNDS = 3
READS = 600
WARM_UP = 50
REACH_MS = 10


def fill(folder: Path, days: int) -> None:
    """Count every figure in every community, on so many days up to today."""
    prepared = Folder(folder)
    prepared.prepare()
    areas = Areas.open(prepared.areas)
    communities = areas.communities(COUNTY)
    areas.close()
    today = local_day(dt.datetime.now(CST))
    with database_of(prepared, "rollup") as database:
        for back in reversed(range(days)):
            _count(database, communities, today - dt.timedelta(days=back))


def _count(database: Database, communities: list[str], day: dt.date) -> None:
    with database.write_engine.begin() as connection:
        add(
            connection,
            {(day, area, name): 7 for area in communities for name in DAILY},
            {(day, area, name): 1 for area in communities for name in STANDING},
        )


async def read_ms(port: int, token: str, count: int) -> list[float]:
    """Milliseconds of each read of today's figures: county, township and community by turns."""
    levels = (COUNTY, f"{COUNTY}001", f"{COUNTY}001001")
    asked = [request("GET", f"/rollup/areas/{code}/figures", token) for code in levels]
    times = []
    async with callers(port, 1) as (caller,):
        for number in range(count):
            begun = time.perf_counter()
            status, body = await caller.call(asked[number % len(asked)])
            times.append((time.perf_counter() - begun) * 1000)
            assert status == 200, body
            assert b'"screenings":7,' in body or number % len(asked) < 2, body
    return times


def measure(days: int = DAYS) -> list[Figure]:
    """The median and the p99 of a read beside the same with one day."""
    with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
        short, long = Path(scratch) / "1", Path(scratch) / str(days)
        fill(short, 1)
        fill(long, days)
        with up(short) as one_day, up(long) as a_year:
            sites = (one_day, a_year)
            tokens = [site.token("command") for site in sites]
            for site, token in zip(sites, tokens, strict=True):
                _read(site, token, WARM_UP)
            rounds = [
                [_read(site, token, READS) for site, token in zip(sites, tokens, strict=True)]
                for _ in range(ROUNDS)
            ]
    one, many = zip(*rounds, strict=True)
    return [
        Figure(
            f"a level's figures, {days} days present: p50",
            _median_of(many, 0.5),
            "ms",
            "1 day present",
            _median_of(one, 0.5),
            reach=1.2,
        ),
        Figure(
            f"a level's figures, {days} days present: p99",
            _median_of(many, 0.99),
            "ms",
            reach=REACH_MS,
        ),
    ]


def _read(site: Site, token: str, count: int) -> list[float]:
    return as_a_service(read_ms(site.ports["rollup"], token, count))


def _median_of(rounds: tuple[list[float], ...], share: float) -> float:
    return statistics.median(percentile(times, share) for times in rounds)


def main() -> None:
    print(f"reading figures on {described()}")
    tell(measure())


if __name__ == "__main__":
    main()
