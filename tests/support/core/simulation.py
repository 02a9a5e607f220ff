"""The simulation: real relays and a real reader service on a server in memory, in made-up time."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import Engine, delete, event

from shared.database.engine import Database
from shared.database.types import core
from shared.events.base import Event
from shared.exceptions import Unavailable
from shared.inbox.checkpoints import checkpoint_in
from shared.inbox.reader import Reader
from shared.nats.stream import StreamSettings
from shared.outbox.relay import Relay
from shared.writer import log as event_log
from shared.writer.log import Row
from shared.writer.writer import Work, Writer
from tests.support.core.fake_client import FakeBus
from tests.support.core.fake_jetstream import Server
from tests.support.core.pair import (
    AREA,
    AT,
    Heard,
    Whims,
    append,
    make_sink,
    make_site,
    noted,
    open_database,
    own,
)
from tests.support.core.virtual_time import VirtualLoop

T = TypeVar("T")
SOURCES = ("source", "other")
MAX_AGE_SECONDS = 3600.0
BEGINNING_MS = 1_610_000_000_000


def number_in(source: str, sequence: int) -> int:
    """The number that the event at a sequence notes: no two sources note the same."""
    return 10 * sequence + SOURCES.index(source)


def event_of(source: str, sequence: int) -> Event:
    """An event of a source."""
    number = number_in(source, sequence)
    return noted(number) if source == "source" else Heard(area=AREA, occurred_at=AT, number=number)


class InlineWriter(Writer):
    """The writer without its thread: each change in its turn, as soon as it is submitted."""

    async def submit(self, work: Work) -> Any:
        """Apply it; whoever else is at work may come first."""
        await asyncio.sleep(0)
        if self.unavailable:
            raise Unavailable(self.unavailable)
        (outcome,) = self.apply([work]).outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@dataclass
class Actor:
    """A relay or reader that runs, with its own connection."""

    bus: FakeBus
    part: Relay | Reader
    task: asyncio.Task[None]


@dataclass
class Rooms:
    """The databases of a simulation, used again by the next one."""

    folder: Path
    databases: dict[str, Database] = field(default_factory=dict)

    def open(self) -> dict[str, Database]:
        """Empty databases of the sources and the sink."""
        for name in (*SOURCES, "sink"):
            if name not in self.databases:
                database = open_database(f"sqlite:///{self.folder}/{name}.db")
                for engine in (database.write_engine, database.read_engine):
                    engine.dispose()
                    _hurry(engine)
                self.databases[name] = database
            with self.databases[name].write_engine.begin() as connection:
                for table in (*core.sorted_tables, *own.sorted_tables):
                    connection.execute(delete(table))
        return self.databases

    def close(self) -> None:
        """Close the connections."""
        for database in self.databases.values():
            database.close()


def _hurry(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        # The model is not about the disk.
        connection.execute("PRAGMA synchronous=OFF")


class Simulation:
    """Two sources, their relays, and a sink that reads both."""

    def __init__(self, rooms: Rooms) -> None:
        self.loop = VirtualLoop()
        self.server = Server()
        self.databases = rooms.open()
        self.committed: dict[str, int] = dict.fromkeys(SOURCES, 0)
        self.whims = Whims()
        self.actors: dict[str, Actor] = {}
        self._clock = patch.object(event_log, "machine_ms", self._machine_ms)
        self._clock.start()
        self._beats = self.loop.create_task(self._beat())
        for source in SOURCES:
            self.start_relay(source, f"relay of {source}")
            self.start_reader(source, f"reader of {source}")

    def _machine_ms(self) -> int:
        return BEGINNING_MS + int(self.loop.time() * 1000)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.server.beat()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end of a coroutine, and whatever else happens meanwhile."""
        return self.loop.run_until_complete(work)

    def let(self, seconds: float) -> None:
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    def start_relay(self, source: str, name: str) -> None:
        """A relay process begins."""

        async def begin() -> None:
            bus = FakeBus(self.server)
            settings = StreamSettings(max_age_seconds=MAX_AGE_SECONDS)
            relay = Relay(source, self.databases[source], bus, settings)
            self.actors[name] = Actor(bus, relay, asyncio.ensure_future(relay.run()))

        self.run(begin())

    def start_reader(self, source: str, name: str) -> None:
        """A reader of the sink begins."""

        async def begin() -> None:
            bus = FakeBus(self.server)
            sink = self.databases["sink"]
            writer = InlineWriter(make_sink(self.whims, *SOURCES), make_site(), sink)
            reader = Reader(source, writer, sink, bus)
            self.actors[name] = Actor(bus, reader, asyncio.ensure_future(reader.run()))

        self.run(begin())

    def kill(self, name: str) -> None:
        """A process is gone, wherever it stood."""

        async def end() -> None:
            actor = self.actors.pop(name)
            while not actor.task.done():
                actor.task.cancel()
                await asyncio.wait([actor.task], timeout=0.01)
            await actor.bus.fake.leave()

        self.run(end())

    def commit(self, source: str, *documents: bytes | None, tell: bool) -> list[Row]:
        """Append events, or documents in their place, to a source's log; and wake its relay."""
        made: list[Event | bytes] = []
        for document in documents:
            self.committed[source] += 1
            own_event = event_of(source, self.committed[source])
            made.append(own_event if document is None else document)
        rows = append(self.databases[source], *made, service=source)
        relay = self.actors.get(f"relay of {source}")
        if tell and relay is not None and isinstance(relay.part, Relay):
            relay.part.wake(rows)
        return rows

    def checkpoint(self, source: str) -> int:
        """The sink's checkpoint in a source."""
        with self.databases["sink"].reading() as session:
            return checkpoint_in(session.connection(), source)

    def failures(self) -> list[BaseException]:
        """Why an actor ended that should have gone on."""
        ended = [actor.task for actor in self.actors.values() if actor.task.done()]
        return [task.exception() or RuntimeError("it ended") for task in ended]

    def close(self) -> None:
        """End everything."""
        for name in list(self.actors):
            self.kill(name)

        async def end() -> None:
            self._beats.cancel()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        self.run(end())
        self._clock.stop()
        self.loop.close()
