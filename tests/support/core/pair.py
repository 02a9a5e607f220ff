"""A tiny pair of services for the core's tests: `source` notes numbers, `sink` applies them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, insert, select

from shared.clock.clock import Clock, RealClock
from shared.database.engine import Database
from shared.database.types import core
from shared.events.base import REGISTRY, Event, Id
from shared.events.envelope import Recorded, encode, subject_of
from shared.exceptions import Invalid
from shared.i18n.messages import TEXTS
from shared.inbox.dead_letters import dead_letters
from shared.runtime.service import Service
from shared.site import Site
from shared.writer.commands import Command
from shared.writer.handlers import Tx
from shared.writer.log import AppendBuffer, Row, events
from shared.writer.requests import Request
from shared.writer.timers import Due
from tests.support.harness import new_id

Open = Callable[[], Database]

AREA = "220581001001"
AT = datetime.fromisoformat("2021-01-18T08:00:00+08:00")


class Noted(Event):
    """A number was noted."""

    service: ClassVar[str] = "source"
    about: ClassVar[tuple[str, ...]] = ("thing_id",)
    thing_id: Id
    number: int


class Heard(Event):
    """A number was heard, elsewhere."""

    service: ClassVar[str] = "other"
    number: int


class Echoed(Event):
    """The sink applied a number."""

    service: ClassVar[str] = "sink"
    key: ClassVar[tuple[str, ...]] = ("number",)
    number: int


MODELS = (Noted, Heard, Echoed)
# The contract's tests go through the registry: these stand in it only while the core's tests run.
for _model in MODELS:
    REGISTRY.pop(_model.type)


@contextmanager
def registered() -> Iterator[None]:
    """The pair's events are known while the block runs."""
    REGISTRY.update((model.type, model) for model in MODELS)
    try:
        yield
    finally:
        for model in MODELS:
            REGISTRY.pop(model.type)


own = MetaData()

things = Table(
    "things",
    own,
    Column("id", String(36), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
)

applied = Table(
    "applied",
    own,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("source", String(20), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
)

called = Table(
    "called",
    own,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("key", String(40), nullable=False),
)


class Note(Command):
    """A command to note a number."""

    number: int


@dataclass
class Whims:
    """How the handlers of a test's services misbehave."""

    # Numbers whose handlers raise, which of them announce first, and the due keys that fail.
    poison: set[int] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    echo: bool = False


def note(tx: Tx, command: Note) -> Iterable[Event]:
    """Note a number; a negative one is rejected, after some work was done."""
    tx.session.execute(insert(things).values(id=command.id, number=command.number))
    event = Noted(area=AREA, occurred_at=AT, thing_id=command.id, number=command.number)
    tx.broadcast_on_commit(Recorded(command.id, "source", 0, AT, event))
    if command.number < 0:
        raise Invalid(TEXTS, "in_the_future", field="number")
    return [event]


def note_many(tx: Tx, commands: Sequence[Note]) -> Iterable[Event]:
    """Note numbers, in the order given."""
    return [event for command in commands for event in note(tx, command)]


def request(number: int, *, id_: str | None = None, mark: bytes = b"m" * 16) -> Request:
    """A request to note a number."""
    return Request(note, Note(id=id_ or new_id(), number=number), None, mark)


def make_source(name: str = "source") -> Service:
    """The service that notes."""
    return Service(name=name, migrations=Path(), metadata=own)


def make_sink(whims: Whims, *sources: str) -> Service:
    """The service that applies."""

    def apply(tx: Tx, recorded: Recorded[Any]) -> Iterable[Event]:
        event = recorded.data
        row = {"source": event.service, "sequence": recorded.sequence, "number": event.number}
        tx.session.execute(insert(applied).values(row))
        tx.broadcast_on_commit(recorded)
        if event.number in whims.poison:
            raise ValueError(f"number {event.number} cannot be applied")
        if not whims.echo:
            return []
        causes = recorded.causes()
        return [Echoed(area=AREA, occurred_at=AT, number=event.number, because=causes)]

    def due(tx: Tx, due: Due) -> Iterable[Event]:
        tx.session.execute(insert(called).values(key=due.key))
        if due.key in whims.failing:
            raise ValueError(f"{due.key} fails")
        return []

    return Service(
        name="sink",
        migrations=Path(),
        metadata=own,
        listens_to=sources or ("source",),
        consumes={Noted: apply, Heard: apply},
        due={"call": due},
    )


def make_site(clock: Clock | None = None) -> Site:
    """A site of which the core uses nothing but its name and its clock."""
    unused: Any = None
    return Site("test", clock or RealClock(), unused, unused, unused, unused, b"secret")


def another(database: Database) -> Database:
    """The same database for another process."""
    return Database(database.write_engine.url.render_as_string(hide_password=False))


def open_database(url: str) -> Database:
    """A database with the tables of the core and of the pair."""
    database = Database(url)
    with database.write_engine.begin() as connection:
        core.create_all(connection)
        own.create_all(connection)
    return database


def document_of(event: Event, sequence: int) -> bytes:
    """An event as the writer would write it."""
    return encode(event, new_id(), sequence, AT.isoformat(), "test", drill=False)


def noted(number: int) -> Noted:
    """An event of the source."""
    return Noted(area=AREA, occurred_at=AT, thing_id=new_id(), number=number)


def append(database: Database, *documents: Event | bytes, service: str = "source") -> list[Row]:
    """Append events, or other documents instead, to a log in one transaction."""
    with database.writing() as session:
        page = AppendBuffer(session.connection(), database)
        for one in documents:
            document = one if isinstance(one, bytes) else document_of(one, page.head + 1)
            page.add(subject_of(service, "noted", AREA), document)
        rows = page.write()
        session.commit()
    return rows


def unknown_type(number: int) -> bytes:
    """An event of a type that no release here knows."""
    return document_of(noted(1), number).replace(b"source.noted", b"source.dreamt")


def logged(database: Database) -> list[tuple[int, bytes]]:
    """A log, in order."""
    with database.reading() as session:
        query = select(events.c.sequence, events.c.document).order_by(events.c.sequence)
        return [(row.sequence, bytes(row.document)) for row in session.execute(query)]


def applied_numbers(database: Database, source: str = "source") -> list[tuple[int, int]]:
    """`(sequence, number)` of what the sink applied of a source, in the order it did."""
    query = select(applied.c.sequence, applied.c.number).where(applied.c.source == source)
    with database.reading() as session:
        found = session.execute(query.order_by(applied.c.position)).all()
    return [(row.sequence, row.number) for row in found]


def dead_lettered(database: Database) -> list[int]:
    """The numbers of the dead letters, in the order they were stored."""
    with database.reading() as session:
        query = select(dead_letters.c.sequence).order_by(dead_letters.c.id)
        return list(session.execute(query).scalars())
