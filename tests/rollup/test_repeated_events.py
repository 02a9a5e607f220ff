"""Every event three times, shuffled between the sources, into an empty rollup: the same figures."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bulwark.services import SERVICES
from shared.bus import Bus
from shared.db import Database, Room
from shared.feed import Arrival, Feed
from shared.migration import migrate
from shared.reader import Reader
from shared.runtime import end_all
from shared.writer import Writer
from tests.faults.table import FAULT, Fault, row_of
from tests.harness import Node, eventually
from tests.rollup.busy_day import PROJECTIONS, busy_day, fingerprint, kinds_of_rows

TIMES = 3


def database_of(node: Node) -> str:
    """The kind of a node's databases, as the table of faults names it."""
    return "postgres" if node.postgres else "sqlite"


@pytest.fixture
def thrice(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Bus]]:
    """Feeds of the buses in this set give every message three times, each in its own time."""
    chosen: set[Bus] = set()
    again: dict[Feed, list[Arrival]] = defaultdict(list)
    hear, first, dice = Feed._hear, Feed.first, Random(43)

    def repeat(feed: Feed, reply: bytes, head: bytes, document: bytes) -> None:
        hear(feed, reply, head, document)
        came = feed._arrived[-1]
        if feed._bus not in chosen or came.status:
            return
        again[feed] += [came] * (TIMES - 1)
        while again[feed] and dice.random() < 0.66:
            feed._arrived.append(again[feed].pop(dice.randrange(len(again[feed]))))

    async def sometime(feed: Feed, seconds: float) -> Arrival:
        # Which source comes next is left to chance, a few events at a time.
        await asyncio.sleep(dice.random() / 1000 if feed._bus in chosen else 0)
        return await first(feed, seconds)

    monkeypatch.setattr(Feed, "_hear", repeat)
    monkeypatch.setattr(Feed, "first", sometime)
    yield chosen
    assert any(again.values()), "nothing was repeated"


@pytest.mark.requirement("P1")
def test_figures_are_the_same_when_every_event_comes_three_times_in_another_order(
    node: Node,
    thrice: set[Bus],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    fault = Fault("Every event three times, shuffled between the sources", database_of(node))
    busy_day(node)
    node.settle()
    service = SERVICES["rollup"]
    heads = {name: node.runtime(name).writer.head for name in service.listens_to}
    empty = Database(f"sqlite:///{tmp_path}/rollup.db", room=Room(5, 2048, 0.0))
    migrate(service, empty)

    async def fill() -> None:
        bus = Bus(node.broker.url, "again")
        await bus.connect()
        thrice.add(bus)
        writer = Writer(service, node.instance.site, empty)
        writer.start()
        readers = [Reader(source, writer, empty, bus) for source in service.listens_to]
        reading = [asyncio.ensure_future(reader.run()) for reader in readers]
        async with asyncio.timeout(40):
            while any(reader.place < heads[reader.source] for reader in readers):
                await asyncio.sleep(0.01)
        await end_all(reading)
        await writer.stop()
        await bus.close()

    with fault.recovering():
        node.run(fill())
    eventually(node.instance.at_rest)
    assert kinds_of_rows(empty) == {model.__tablename__ for model in PROJECTIONS}
    assert fingerprint(empty) == fingerprint(node.runtime("rollup").database)
    empty.close()
    fault.records = sum(heads.values())
    fault.times = fault.records * (TIMES - 1)
    record_property(FAULT, row_of(fault))
