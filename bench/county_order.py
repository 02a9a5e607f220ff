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
from contextlib import closing
from pathlib import Path

import httpx
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext

from bench.machine import Up, described, up
from bulwark.folder import Folder
from shared.areas_loading import load_areas
from shared.events.values import Level
from tests.areas_fixtures import COUNTY, generated_county

MEASURES = ("checkpoint", "service_plan", "sanitation", "notice")
SIZES = (500, 5_000)
ROUNDS = 3
LIMIT_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
REST_SECONDS = 1.0
YARDSTICK_MEASURES = 500
DOCUMENT_BYTES = 1_200


def main() -> None:
    print(f"county-wide order on {described()}")
    for communities in SIZES:
        with tempfile.TemporaryDirectory(prefix="bulwark-bench-") as scratch:
            folder = county(Path(scratch), communities)
            with up(folder) as running:
                asyncio.run(measured(running, communities))


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


async def measured(running: Up, communities: int) -> None:
    """Order the county up and down a few times, and print how long that took."""
    client = await nats.connect(running.run["nats_url"])
    stream = client.jetstream()
    headers = {"Authorization": f"Bearer {running.token('command', COUNTY)}"}
    raised, lowered = [], []
    async with httpx.AsyncClient(
        base_url=running.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        for _ in range(ROUNDS):
            raised.append(await order(http, stream, "medium", communities))
            lowered.append(await order(http, stream, "low", communities))
    one = await yardstick(client, running.folder)
    await client.close()
    tell(communities, raised, lowered, one)


async def order(
    http: httpx.AsyncClient, stream: JetStreamContext, level: Level, communities: int
) -> tuple[float, float]:
    """Order the county's level; seconds until the answer, and until the stream has every event."""
    before = await at_rest(http)
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
    assert await at_rest(http) == last
    return committed, on_bus


async def at_rest(http: httpx.AsyncClient) -> int:
    """Wait until every service has taken in all there is; the head of the log of alerts."""
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        services = (await http.get("/readyz")).json()["services"]
        heads = {name: part["log_head"] for name, part in services.items()}
        if all(
            part["stream_head"] == part["log_head"]
            and all(reader["place"] == heads[source] for source, reader in part["readers"].items())
            for part in services.values()
        ):
            return int(heads["alerts"])
        await asyncio.sleep(0.05)
    raise TimeoutError("the services did not come to rest")


async def yardstick(client: Client, folder: Path) -> float:
    """Seconds for one row in its own transaction and one awaited publish of an event's size."""
    stream, document = client.jetstream(), b"x" * DOCUMENT_BYTES
    await stream.add_stream(name="YARDSTICK", subjects=["yardstick"])
    with closing(sqlite3.connect(folder / "yardstick.db")) as rows:
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


def tell(
    communities: int,
    raised: list[tuple[float, float]],
    lowered: list[tuple[float, float]],
    one: float,
) -> None:
    measures = communities * len(MEASURES)
    committed, on_bus = (statistics.median(times) for times in zip(*raised, strict=True))
    undone = statistics.median(seconds for _, seconds in lowered)
    print(
        f"{communities} communities, {measures} measures: committed after {committed:.2f} s, "
        f"on the bus after {on_bus:.2f} s, {on_bus / measures * 1e6:.0f} µs a measure; "
        f"undone in {undone:.2f} s"
    )
    print(
        f"  one transaction and one awaited publish a measure: {one * 1e6:.0f} µs, "
        f"{one * measures:.1f} s in all; ratio {on_bus / (one * measures):.3f}"
    )
    if communities == SIZES[-1]:
        verdict = "within" if on_bus <= LIMIT_SECONDS else "NOT within"
        print(f"  {verdict} {LIMIT_SECONDS:.0f} second")


if __name__ == "__main__":
    main()
