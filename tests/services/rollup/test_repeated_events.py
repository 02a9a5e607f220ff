"""Every event several times into an empty rollup: the same figures.

A reader lets go what it has seen; what it has not, since another applied it, the writer refuses.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from bulwark.registry import SERVICES
from shared.database.engine import Database, Room
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import CheckpointConflict
from shared.inbox.reader import Reader
from shared.nats.connection import Bus
from shared.nats.consumer import Delivery, PullConsumer
from shared.runtime.migrations import migrate
from shared.runtime.tasks import end_all
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer
from tests.faults.table import FAULT, Fault, row_of
from tests.services.rollup.busy_day import PROJECTIONS, busy_day, fingerprint, kinds_of_rows
from tests.support.harness import PATIENCE, Node, eventually

TIMES = 3


def database_of(node: Node) -> str:
    """The kind of a node's databases, as the table of faults names it."""
    return "postgres" if node.postgres else "sqlite"


class Repeated:
    """Feeds of a bus that give every message three times, each in its own time."""

    def __init__(self) -> None:
        self.bus: Bus | None = None
        self.heard = self.given = 0
        self._dice = Random(43)
        self._again: dict[PullConsumer, list[Delivery]] = defaultdict(list)

    @property
    def left(self) -> int:
        """How many repeats are still to be given."""
        return sum(map(len, self._again.values()))

    def came(self, feed: PullConsumer) -> None:
        """A message of the stream has come to a feed of the bus, to be given again and again."""
        self.heard += 1
        self._again[feed] += [feed._arrived[-1]] * (TIMES - 1)
        while self._again[feed] and self._dice.random() < 0.66:
            self._give(feed)

    def wait(self, feed: PullConsumer) -> float:
        """Seconds before a feed is asked: which source comes next is left to chance. Who would
        wait for something new is given what is left."""
        if self._again[feed] and not feed.waiting:
            self._give(feed)
        return self._dice.random() / 1000

    def _give(self, feed: PullConsumer) -> None:
        left = self._again[feed]
        feed._arrived.append(left.pop(self._dice.randrange(len(left))))
        self.given += 1


@pytest.fixture
def thrice(monkeypatch: pytest.MonkeyPatch) -> Repeated:
    """Has every message repeated that comes to the feeds of its bus."""
    repeated = Repeated()
    hear, first = PullConsumer._on_message, PullConsumer.first

    def repeat(feed: PullConsumer, reply: bytes, head: bytes, document: bytes) -> None:
        hear(feed, reply, head, document)
        if feed._bus is repeated.bus and not feed._arrived[-1].status:
            repeated.came(feed)

    async def sometime(feed: PullConsumer, seconds: float) -> Delivery:
        await asyncio.sleep(repeated.wait(feed) if feed._bus is repeated.bus else 0)
        return await first(feed, seconds)

    monkeypatch.setattr(PullConsumer, "_on_message", repeat)
    monkeypatch.setattr(PullConsumer, "first", sometime)
    return repeated


@pytest.fixture
def raced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many events came to a writer that had them, batch by batch."""
    found: list[int] = []
    run = Batch.run

    def noting(batch: Batch, tx: Transaction, *, isolate: bool) -> int:
        try:
            return run(batch, tx, isolate=isolate)
        except CheckpointConflict:
            found.append(len(batch.entries))
            raise

    monkeypatch.setattr(Batch, "run", noting)
    yield found
    assert found, "no writer was given what it had"


@pytest.fixture
def url(node: Node, tmp_path: Path) -> str:
    """Where an empty database of the node's kind is, with the tables of rollup."""
    found = node.postgres.new_database() if node.postgres else f"sqlite:///{tmp_path}/rollup.db"
    migrating = Database(found)
    migrate(SERVICES["rollup"], migrating)
    migrating.close()
    return found


async def fill(
    node: Node, url: str, heads: dict[str, int], *, repeated: Repeated | None = None
) -> None:
    """Read every source to its head into a database, as one process of rollup would.

    What comes over its bus is given again by `repeated`, if there is one, until nothing is left.
    """
    service = SERVICES["rollup"]
    database = Database(url, room=Room(5, 2048, 0.0))
    bus = Bus(node.broker.url, "again")
    await bus.connect()
    if repeated is not None:
        repeated.bus = bus
    writer = Writer(service, node.instance.site, database)
    writer.start()
    readers = [Reader(source, writer, database, bus) for source in service.listens_to]
    reading = [asyncio.ensure_future(reader.run()) for reader in readers]
    async with asyncio.timeout(PATIENCE):
        while any(reader.checkpoint < heads[reader.source] for reader in readers) or (
            repeated is not None and repeated.left
        ):
            await asyncio.sleep(0.01)
    await end_all(reading)
    await writer.stop()
    await bus.close()
    database.close()


@pytest.fixture(scope="module")
def heads(node: Node) -> dict[str, int]:
    """Where the logs that rollup reads end after a busy day."""
    busy_day(node)
    node.settle()
    return {name: node.runtime(name).writer.head for name in SERVICES["rollup"].listens_to}


def compare(node: Node, url: str) -> None:
    """Fails when a database's projections are not those of the node's own rollup."""
    eventually(node.instance.at_rest)
    database = Database(url)
    assert kinds_of_rows(database) == {model.__tablename__ for model in PROJECTIONS}
    assert fingerprint(database) == fingerprint(node.runtime("rollup").database)
    database.close()


@pytest.mark.requirement("P1")
def test_figures_are_the_same_when_every_event_comes_three_times_in_another_order(
    node: Node,
    heads: dict[str, int],
    url: str,
    thrice: Repeated,
    record_property: Callable[[str, object], None],
) -> None:
    fault = Fault("Every event three times, shuffled between the sources", database_of(node))
    with fault.recovering():
        node.run(fill(node, url, heads, repeated=thrice))
    compare(node, url)
    fault.lost = fault.doubled = 0
    fault.records, fault.times = sum(heads.values()), thrice.given
    assert thrice.given == (TIMES - 1) * thrice.heard
    assert thrice.heard >= fault.records
    record_property(FAULT, row_of(fault))


@pytest.mark.requirement("P1")
def test_figures_are_the_same_when_writers_are_given_what_another_has_applied(
    node: Node,
    heads: dict[str, int],
    url: str,
    raced: list[int],
    record_property: Callable[[str, object], None],
) -> None:
    fault = Fault("Every event given to three writers that race into one rollup", database_of(node))

    async def race() -> None:
        await asyncio.gather(*(fill(node, url, heads) for _ in range(TIMES)))

    with fault.recovering():
        node.run(race())
    compare(node, url)
    fault.lost = fault.doubled = 0
    fault.records = sum(heads.values())
    fault.times = sum(raced)
    record_property(FAULT, row_of(fault))
