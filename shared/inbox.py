"""The inbox: applying other services' events, in the transaction that moves the reading place.

A service's place is one number per source. An event that cannot be parsed or handled is set aside
in `dead_letters` with its error, in the same transaction; its neighbours do not wait.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from time import perf_counter
from typing import Any, NamedTuple

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    select,
    update,
)
from sqlalchemy.engine import Connection

from shared import counting, metrics
from shared.db import Instant, core, is_transient, send
from shared.events import Event, MalformedEvent, Recorded, decode, parse, place_of
from shared.service import Batched, Consumer
from shared.transaction import Tx

log = structlog.get_logger(__name__)

places = Table(
    "places",
    core,
    Column("source", String(40), primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    # Number and digest of the event that stands there, which its source is asked about. With the
    # number, as an older release that runs beside this one moves the place alone.
    Column("digest", String(60)),
)

dead_letters = Table(
    "dead_letters",
    core,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(40), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, default=1),
)


_MOVE = "UPDATE places SET sequence = ?, digest = ? WHERE source = ? AND sequence = ?"


class Entry(NamedTuple):
    """A message of a stream: its number, its document, and its envelope, where that was found to
    be of this number and source."""

    sequence: int
    document: bytes
    envelope: dict[str, Any] | None


class PlaceMoved(Exception):
    """Another replica applied these events first; read on from the stored place."""


def place_of_source(connection: Connection, source: str) -> int:
    """The number of the last event of a source that was applied or set aside; 0 at first."""
    return place_and_digest(connection, source)[0]


def place_and_digest(connection: Connection, source: str) -> tuple[int, str | None]:
    """The place in a source, and the digest of the event there; None where none was kept."""
    query = select(places.c.sequence, places.c.digest).where(places.c.source == source)
    row = connection.execute(query).first()
    if row is None:
        return 0, None
    number, _, digest = (row.digest or "").partition(" ")
    return row.sequence, digest if number == str(row.sequence) else None


@dataclass(slots=True)
class Batch:
    """A run of events of one source, which moves the place from `after` to `upto`, else their last.

    What lies between `after` and the first of them is of types that this service does not handle.
    `digest` is of the event at the new place.
    """

    source: str
    after: int
    entries: Sequence[Entry]
    upto: int = 0
    digest: str | None = None

    @property
    def weight(self) -> int:
        """How many events it holds."""
        return max(len(self.entries), 1)

    def run(self, tx: Tx, *, careful: bool) -> int:
        """Move the place and apply the events; returns the new place. Raises PlaceMoved."""
        tx.caller = None
        last = self.upto or self.entries[-1].sequence
        _move(tx.connection, self.source, self.after, last, self.digest)
        if careful:
            for entry in self.entries:
                _apply_or_set_aside(tx, self.source, entry)
        else:
            for handler, run in groupby(self._decoded(tx), key=_first):
                _handle(tx, handler, [recorded for _, recorded in run])
        applied = metrics.EVENTS_APPLIED.labels(tx.service.name, self.source)
        tx.afterwards(lambda: applied.inc(len(self.entries)))
        return last

    def _decoded(self, tx: Tx) -> Iterator[tuple[Consumer, Recorded[Event]]]:
        consumes = tx.service.consumes
        for entry in self.entries:
            try:
                recorded = _decode(self.source, entry)
            except MalformedEvent as error:
                _set_aside(tx, self.source, entry, error)
                continue
            handler = None if recorded is None else consumes.get(type(recorded.data))
            if recorded is not None and handler is not None:
                yield handler, recorded


@dataclass(slots=True)
class Retry:
    """Puts dead letters back: each is applied again, and kept with its new error when it fails."""

    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> tuple[int, int]:  # noqa: ARG002 - see Work
        """Apply them again; returns how many went well and how many stay."""
        tx.caller = None
        connection = tx.connection
        done = kept = 0
        for row in connection.execute(select(dead_letters).order_by(dead_letters.c.id)).all():
            error = _attempt(tx, row.source, Entry(row.sequence, row.document, None))
            same = dead_letters.c.id == row.id
            if error is None:
                connection.execute(delete(dead_letters).where(same))
                done += 1
            else:
                values = {"error": repr(error), "tries": row.tries + 1}
                connection.execute(update(dead_letters).where(same).values(values))
                kept += 1
        return done, kept


def _first(pair: tuple[Consumer, Recorded[Event]]) -> Consumer:
    return pair[0]


def _move(connection: Connection, source: str, old: int, new: int, digest: str | None) -> None:
    if old == 0:
        known = connection.execute(select(places.c.sequence).where(places.c.source == source))
        if known.first() is None:
            connection.execute(places.insert().values(source=source, sequence=0))
    kept = None if digest is None else f"{new} {digest}"
    moved = send(connection, _MOVE, (new, kept, source, old))
    if moved.rowcount != 1:
        raise PlaceMoved(f"the place in {source} is no longer {old}")


def _handle(tx: Tx, handler: Consumer, recorded: list[Recorded[Any]]) -> None:
    if isinstance(handler, Batched):
        tx.handle(handler.handle, recorded, len(recorded))
        return
    began = perf_counter()
    for one in recorded:
        tx.append(handler(tx, one))
    counting.handled(tx.service.name, handler, len(recorded), perf_counter() - began)


def _decode(source: str, entry: Entry) -> Recorded[Event] | None:
    place = source, entry.sequence
    if entry.envelope is not None:
        return decode(entry.envelope, place)
    envelope = parse(entry.document)
    if place_of(envelope) != place:
        raise MalformedEvent(f"it says {place_of(envelope)}, and stands at {entry.sequence}")
    return decode(envelope, place)


def _attempt(tx: Tx, source: str, entry: Entry) -> Exception | None:
    handler: Consumer | None = None
    try:
        with tx.savepoint():
            recorded = _decode(source, entry)
            handler = None if recorded is None else tx.service.consumes.get(type(recorded.data))
            if recorded is not None and handler is not None:
                _handle(tx, handler, [recorded])
    except Exception as error:
        if is_transient(error):
            raise
        if handler is not None:
            called = handler.handle if isinstance(handler, Batched) else handler
            tx.afterwards(lambda: counting.failed(tx.service.name, called))
        return error
    return None


def _apply_or_set_aside(tx: Tx, source: str, entry: Entry) -> None:
    error = _attempt(tx, source, entry)
    if error is not None:
        _set_aside(tx, source, entry, error)


def _set_aside(tx: Tx, source: str, entry: Entry, error: Exception) -> None:
    tx.afterwards(lambda: _tell(tx.service.name, source, entry.sequence, error))
    tx.session.execute(
        dead_letters.insert().values(
            source=source,
            sequence=entry.sequence,
            document=entry.document,
            error=repr(error),
            at=tx.now,
            tries=1,
        )
    )


def _tell(service: str, source: str, sequence: int, error: Exception) -> None:
    metrics.DEAD_LETTERS.labels(service, source).inc()
    log.error(
        "event.set_aside", service=service, source=source, sequence=sequence, error=repr(error)
    )
