"""A county-wide order: seconds from the PUT of a level until its last event is in the stream.

`python -m bench.county_order` orders medium risk for a generated county whose pack takes four
measures a community, all services of one machine running, and prints the median of three beside a
yardstick of the same run: one transaction and one awaited JetStream publish a measure.
"""

import asyncio
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext

from bench.machine import described
from bench.results import Figure, tell
from bench.sites import Site, until, up
from bulwark.data_folder import Folder
from shared.areas.loading import load_areas
from shared.events.vocabulary import Level
from tests.support.areas import COUNTY, generated_county

MEASURES = ("checkpoint", "service_plan", "sanitation", "notice")
SIZES = (500, 5_000)
ROUNDS = 3
# What is left of proportion is noise.
IN_PROPORTION = 1.2
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
REST_SECONDS = 1.0
YARDSTICK_MEASURES = 500
DOCUMENT_BYTES = 1_200


def main() -> None:
    print(f"county-wide order on {described()}")
    tell(measure())


def measure(sizes: Sequence[int] = SIZES) -> list[Figure]:
    """Orders of each size beside the yardstick, and the largest beside the smallest."""
    figures = []
    costs = []
    for communities in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch,
            up(county(Path(scratch), communities)) as site,
        ):
            seconds, committed, bare = asyncio.run(measured(site, communities))
        measures = communities * len(MEASURES)
        costs.append(seconds / measures * 1e6)
        figures.append(
            Figure(
                f"county-wide order, {communities:,} communities, answered after "
                f"{committed:.2f} s, in the stream after {seconds:.2f} s",
                measures / seconds,
                "measures/s",
                "one transaction and one awaited publish each",
                1 / bare,
                reach=15,
                more_is_better=True,
            )
        )
    figures.append(
        Figure(
            f"a measure's time with {sizes[-1]:,} communities",
            costs[-1],
            "µs",
            f"with {sizes[0]:,}",
            costs[0],
            reach=IN_PROPORTION,
        )
    )
    return figures


def county(scratch: Path, communities: int) -> Path:
    """A data folder whose county has so many communities, and a pack of four measures."""
    folder = Folder(scratch / "data")
    folder.prepare()
    load_areas(generated_county(scratch / "county.csv", communities), folder.areas)
    for pack in folder.policies.glob("*.toml"):
        pack.write_text(with_four_measures(pack.read_text()))
    return folder.path


def with_four_measures(pack: str) -> str:
    """A county's copy of a pack, where medium takes the four measures alone."""
    section = re.compile(r"^\[measures\.medium\.(\w+)\].*\n(?:(?!\[).*\n)*", re.MULTILINE)
    kept = section.sub(lambda found: found[0] if found[1] in MEASURES else "", pack)
    return kept.replace('pause_levels = ["medium", "high"]', 'pause_levels = ["high"]')


async def measured(site: Site, communities: int) -> tuple[float, float, float]:
    """Order the county up and down a few times: seconds until the stream has it, until it is
    answered, and the yardstick's for one measure."""
    client = await nats.connect(site.nats_url)
    stream = client.jetstream()
    headers = {"Authorization": f"Bearer {site.token('command', COUNTY)}"}
    raised, answered, bare = [], [], []
    async with httpx.AsyncClient(
        base_url=site.url("alerts"), headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        for _ in range(ROUNDS):
            bare.append(await yardstick(client, site.folder))
            on_bus, committed = await order(site, http, stream, "medium", communities)
            raised.append(on_bus)
            answered.append(committed)
            await order(site, http, stream, "low", communities)
    await client.close()
    return statistics.median(raised), statistics.median(answered), statistics.median(bare)


async def order(
    site: Site,
    http: httpx.AsyncClient,
    stream: JetStreamContext,
    level: Level,
    communities: int,
) -> tuple[float, float]:
    """Order the county's level; seconds until the stream has every event of it, and until it was
    answered, which is once it is committed."""
    before = at_rest(site)
    # As in a county, the order meets databases that have put away what came before.
    await asyncio.sleep(REST_SECONDS)
    # The level, the response, and an event for each measure.
    last = before + communities * len(MEASURES) + 2
    begun = time.perf_counter()
    answer = await http.put(
        f"/alerts/areas/{COUNTY}/risk-level", json={"level": level, "reason": "bench"}
    )
    committed = time.perf_counter() - begun
    assert answer.status_code == 200, answer.text
    while (await stream.stream_info("ALERTS")).state.last_seq < last:
        assert time.perf_counter() - begun < PATIENCE_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
    on_bus = time.perf_counter() - begun
    assert at_rest(site) == last
    return on_bus, committed


def at_rest(site: Site) -> int:
    """Wait until every service has taken in all there is; the head of the log of alerts."""
    until(site.at_rest, "the services did not come to rest")
    return int(site.health()["alerts"]["log_head"])


async def yardstick(client: Client, folder: Path) -> float:
    """Seconds for one row in its own transaction and one awaited publish of an event's size."""
    stream, document = client.jetstream(), b"x" * DOCUMENT_BYTES
    await stream.add_stream(name="YARDSTICK", subjects=["yardstick"])
    with closing(sqlite3.connect(folder / "yardstick.db")) as rows:
        rows.execute("DROP TABLE IF EXISTS events")
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute("PRAGMA synchronous=FULL")
        rows.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, document BLOB)")
        begun = time.perf_counter()
        for number in range(YARDSTICK_MEASURES):
            with rows:
                rows.execute("INSERT INTO events VALUES (?, ?)", (number, document))
            await stream.publish("yardstick", document, stream="YARDSTICK")
        taken = time.perf_counter() - begun
    await stream.delete_stream("YARDSTICK")
    return taken / YARDSTICK_MEASURES


if __name__ == "__main__":
    main()
