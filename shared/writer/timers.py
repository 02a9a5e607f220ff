"""Timers as rows: a handler asks to be called at an instant, and the ticker submits the call.

There are no sleeping tasks: a timer survives a restart, and a virtual clock can step to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table, delete, func, select
from sqlalchemy.engine import Connection

from shared.database.sql import pieces, send
from shared.database.types import Instant, core

due_rows = Table(
    "due",
    core,
    Column("kind", String(40), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("at", Instant, nullable=False),
    Index("due_at", "at"),
)


_SCHEDULE = (
    "INSERT INTO due (kind, key, at) VALUES (?, ?, ?) "
    "ON CONFLICT (kind, key) DO UPDATE SET at = excluded.at"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that is due: its kind, the key it was scheduled under, and its time."""

    kind: str
    key: str
    at: datetime


def schedule(connection: Connection, kind: str, key: str, at: datetime) -> None:
    """Set a timer; setting the same kind and key again moves it."""
    schedule_many(connection, kind, [(key, at)])


def schedule_many(connection: Connection, kind: str, items: Iterable[tuple[str, datetime]]) -> None:
    """Set many timers of one kind at once."""
    times = dict(items)
    if not times:
        return
    to_column = Instant().process_bind_param
    rows = [(kind, key, to_column(at, connection.dialect)) for key, at in times.items()]
    send(connection, _SCHEDULE, rows)


def unschedule(connection: Connection, kind: str, keys: Iterable[str]) -> None:
    """Cancel timers; it is no error when one does not exist."""
    for some in pieces(keys):
        connection.execute(
            delete(due_rows).where(due_rows.c.kind == kind, due_rows.c.key.in_(some))
        )


def due_until(connection: Connection, now: datetime, limit: int = 200) -> list[Due]:
    """The timers that are due by now, earliest first."""
    query = select(due_rows).where(due_rows.c.at <= now)
    query = query.order_by(due_rows.c.at, due_rows.c.kind, due_rows.c.key).limit(limit)
    return [Due(row.kind, row.key, row.at) for row in connection.execute(query)]


def next_due(connection: Connection) -> datetime | None:
    """When the earliest timer is due; None without timers."""
    at = connection.execute(select(func.min(due_rows.c.at))).scalar()
    return at if at is None or isinstance(at, datetime) else datetime.fromisoformat(at)
