"""A county-wide order: seconds from the PUT of a level until its last event is in the stream.

`python -m bench.county_order` orders medium risk for a generated county whose pack takes four
measures a community, with all services of one machine running, and prints the median of three
beside a yardstick of the same run: one transaction and one awaited JetStream publish a measure.
"""

import os
import platform
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bulwark.folder import Folder
from shared.areas_loading import load_areas
from shared.events.values import Level
from tests.areas_fixtures import COUNTY, generated_county
from tests.harness import Node, eventually

MEASURES = ("checkpoint", "service_plan", "sanitation", "notice")
SIZES = (500, 5_000)
ROUNDS = 3
LIMIT_SECONDS = 1.0
YARDSTICK_MEASURES = 500
DOCUMENT_BYTES = 1_200


def main() -> None:
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, Python "
          f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}")  # fmt: skip
    for communities in SIZES:
        with tempfile.TemporaryDirectory() as folder, running(Path(folder), communities) as node:
            one = yardstick(node, Path(folder))
            rounds = [round_trip(node, communities) for _ in range(ROUNDS)]
        events = communities * len(MEASURES)
        committed, on_bus, lowered = (statistics.median(times) for times in zip(*rounds, strict=True))
        print(
            f"{communities} communities, {events} measures: committed after {committed:.3f} s, "
            f"on the bus after {on_bus:.3f} s ({on_bus / events * 1e6:.0f} µs a measure); "
            f"lowered again in {lowered:.3f} s"
        )
        print(f"  one transaction and one awaited publish a measure: {one * 1e6:.0f} µs each, "
              f"{one * events:.1f} s in all; ratio {on_bus / (one * events):.3f}")  # fmt: skip
        if communities == SIZES[-1]:
            verdict = "within" if on_bus <= LIMIT_SECONDS else "NOT within"
            print(f"  {verdict} {LIMIT_SECONDS:.0f} second")


@contextmanager
def running(folder: Path, communities: int) -> Iterator[Node]:
    """An instance whose county has so many communities and a pack of four measures."""

    def prepare(instance: Folder) -> None:
        load_areas(generated_county(folder / "county.csv", communities), instance.areas)
        for pack in instance.policies.glob("*.toml"):
            pack.write_text(with_four_measures(pack.read_text()))

    node = Node(folder / "instance")
    node.start(prepare)
    try:
        yield node
    finally:
        node.stop()


def with_four_measures(pack: str) -> str:
    """A county's copy of a pack, where medium takes the four measures alone."""
    section = re.compile(r"^\[measures\.medium\.(\w+)\].*\n(?:(?!\[).*\n)*", re.MULTILINE)
    kept = section.sub(lambda found: found[0] if found[1] in MEASURES else "", pack)
    return kept.replace('pause_levels = ["medium", "high"]', 'pause_levels = ["high"]')


def round_trip(node: Node, communities: int) -> tuple[float, float, float]:
    """Seconds until the order is committed, until it is on the bus, and until it is undone."""
    committed, on_bus = order(node, "medium", communities)
    _, lowered = order(node, "low", communities)
    return committed, on_bus, lowered


def order(node: Node, level: Level, communities: int) -> tuple[float, float]:
    """Order the county's level; seconds until the answer, and until the stream has every event."""
    alerts, command = node.runtime("alerts"), node.client("command", COUNTY)
    at_rest(node)
    before = alerts.writer.head
    begun = time.perf_counter()
    answer = command.put(f"/alerts/areas/{COUNTY}/risk-level", {"level": level, "reason": "bench"})
    committed = time.perf_counter() - begun
    assert answer.status_code == 200, answer.text
    while alerts.relay.published < alerts.writer.head:
        time.sleep(0.001)
    on_bus = time.perf_counter() - begun
    # The level, the response, and an event for each measure.
    assert alerts.writer.head - before == communities * len(MEASURES) + 2
    state = node.run(alerts.bus.stream("ALERTS"))
    assert state is not None
    assert state.last == alerts.writer.head
    return committed, on_bus


def at_rest(node: Node) -> None:
    """Wait until the other services have taken in what came before."""
    eventually(node.instance.at_rest, seconds=120)


def yardstick(node: Node, folder: Path) -> float:
    """Seconds for one row in a transaction of its own and one awaited publish of an event's size."""
    client = node.runtime("alerts").bus.client
    document = b"x" * DOCUMENT_BYTES

    async def publish_one_by_one(rows: sqlite3.Connection) -> float:
        stream = client.jetstream()
        await stream.add_stream(name="YARDSTICK", subjects=["yardstick"])
        begun = time.perf_counter()
        for number in range(YARDSTICK_MEASURES):
            with rows:
                rows.execute("INSERT INTO events VALUES (?, ?)", (number, document))
            await stream.publish("yardstick", document, stream="YARDSTICK")
        taken = time.perf_counter() - begun
        await stream.delete_stream("YARDSTICK")
        return taken / YARDSTICK_MEASURES

    with closing(sqlite3.connect(folder / "yardstick.db", check_same_thread=False)) as rows:
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute("PRAGMA synchronous=FULL")
        rows.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, document BLOB)")
        return node.run(publish_one_by_one(rows))


if __name__ == "__main__":
    main()
