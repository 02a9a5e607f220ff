"""The log: each service's append-only `events` table, with a gapless `sequence` in commit order.

State and events commit together or not at all. The number comes from `log_head`, whose row every
writing transaction locks first, so that replicas take turns and the numbers are known before the
documents are written.
"""

import time
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text, select
from sqlalchemy.engine import Connection

from shared.database.engine import Database
from shared.database.sql import send
from shared.database.types import core

events = Table(
    "events",
    core,
    Column(
        "sequence",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    # Machine time in milliseconds, also in a drill: the stream's retention goes by it.
    Column("stored_ms", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
)

log_head = Table(
    "log_head",
    core,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False),
)

event_index = Table(
    "event_index",
    core,
    Column("tag", BigInteger, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)

_LOCK = "SELECT sequence FROM log_head WHERE one = 1"
_LOCK_ROW = _LOCK + " FOR UPDATE"
_MOVE = "UPDATE log_head SET sequence = ? WHERE one = 1"
_INSERT = "INSERT INTO events (sequence, stored_ms, subject, document) VALUES (?, ?, ?, ?)"
_INDEX = "INSERT INTO event_index (tag, sequence) VALUES (?, ?)"
_BEGIN = "INSERT INTO log_head (one, sequence) VALUES (1, 0) ON CONFLICT DO NOTHING"


def machine_ms() -> int:
    """Machine time in milliseconds, by which the age of rows and messages is measured."""
    return time.time_ns() // 1_000_000


def tag_of(thing: str) -> int:
    """60 bits of an id: they index in half the time and half the space of its text."""
    return int(thing[20:23] + thing[24:], 16)


class Row(NamedTuple):
    """One row of the log, as the relay publishes it."""

    sequence: int
    stored_ms: int
    subject: str
    document: bytes


class AppendBuffer:
    """The events that one transaction appends: numbered at once, inserted before its commit."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        # On SQLite the transaction holds the only write lock from its beginning.
        lock = _LOCK if database.is_sqlite else _LOCK_ROW
        head = send(connection, lock).scalar_one_or_none()
        if head is None:
            # The service's first transaction; another process may begin its own at the same moment.
            send(connection, _BEGIN)
            head = send(connection, lock).scalar_one()
        self.head: int = head
        # One time for the whole buffer: a row that is committed late looks older, never younger.
        self._ms = machine_ms()
        self._rows: list[Row] = []
        self._tags: list[tuple[int, int]] = []

    def add(self, subject: str, document: bytes, things: Collection[str] = ()) -> None:
        """Append a document that already carries the number `head + 1`."""
        self.head += 1
        self._rows.append(Row(self.head, self._ms, subject, document))
        # Two ids may have the same tag, by chance or by intent; the pair is the primary key.
        for tag in {tag_of(thing) for thing in things}:
            self._tags.append((tag, self.head))

    def position(self) -> tuple[int, int, int]:
        """How far the buffer is filled, for `undo_to`."""
        return self.head, len(self._rows), len(self._tags)

    def undo_to(self, position: tuple[int, int, int]) -> None:
        """Drop the rows added since a position: its savepoint was rolled back."""
        self.head = position[0]
        del self._rows[position[1] :]
        del self._tags[position[2] :]

    def write(self) -> list[Row]:
        """Insert the rows and move the head; returns the rows."""
        if not self._rows:
            return []
        send(self._connection, _INSERT, self._rows)
        if self._tags:
            # Sorted as the index is, so that each of its pages is touched once.
            send(self._connection, _INDEX, sorted(self._tags))
        send(self._connection, _MOVE, (self.head,))
        return self._rows


def head_of(connection: Connection) -> int:
    """The number of the last event; 0 for an empty log."""
    return connection.execute(select(log_head.c.sequence)).scalar() or 0


def first_row_since(connection: Connection, stored_ms: int) -> int | None:
    """The number of the oldest row stored at or after a machine time, found by binary search."""
    low = oldest(connection)
    if low is None:
        return None
    end = high = head_of(connection) + 1
    while low < high:
        middle = (low + high) // 2
        row = row_at(connection, middle)
        if row is not None and row.stored_ms >= stored_ms:
            high = middle
        else:
            low = middle + 1
    return low if low < end else None


def oldest(connection: Connection) -> int | None:
    """The number of the log's oldest row; None for an empty log."""
    return connection.execute(
        select(events.c.sequence).order_by(events.c.sequence).limit(1)
    ).scalar()


def rows_from(connection: Connection, sequence: int, limit: int) -> list[Row]:
    """Up to `limit` rows from a number on, in order."""
    query = select(events).where(events.c.sequence >= sequence).order_by(events.c.sequence)
    return [Row(*row) for row in connection.execute(query.limit(limit))]


def row_at(connection: Connection, sequence: int) -> Row | None:
    """The row with a number; None when there is none."""
    row = connection.execute(select(events).where(events.c.sequence == sequence)).first()
    return Row(*row) if row else None


def rows_about(connection: Connection, thing: str, limit: int = 100) -> list[Row]:
    """The latest rows about an id (of a record or an event), oldest first."""
    query = (
        select(events)
        .join(event_index, event_index.c.sequence == events.c.sequence)
        .where(event_index.c.tag == tag_of(thing))
        .order_by(events.c.sequence.desc())
        .limit(limit)
    )
    rows = [Row(*row) for row in reversed(connection.execute(query).all())]
    # Two ids hardly ever have the same tag, but nobody must be shown another id's history.
    return [row for row in rows if thing.encode() in row.document]
