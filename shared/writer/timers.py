"""Due things as rows: a handler asks to be called at an instant, and the tick hands it over.

Never a sleeping task: what is due survives a restart, and a virtual clock can step to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, String, Table, delete, func, select
from sqlalchemy.engine import Connection

from shared.database.sql import send
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
    """What a due-time handler receives: its kind, the key it was scheduled under, and the time."""

    kind: str
    key: str
    at: datetime


def schedule(connection: Connection, kind: str, key: str, at: datetime) -> None:
    """Ask for a call at an instant; a second call for the same kind and key moves it."""
    schedule_many(connection, kind, [(key, at)])


def schedule_many(connection: Connection, kind: str, items: Iterable[tuple[str, datetime]]) -> None:
    """Ask for many calls of one kind at once."""
    wanted = dict(items)
    if not wanted:
        return
    stored = Instant().process_bind_param
    rows = [(kind, key, stored(at, connection.dialect)) for key, at in wanted.items()]
    send(connection, _SCHEDULE, rows)


def unschedule(connection: Connection, kind: str, keys: Iterable[str]) -> None:
    """Take calls back; those that are not there are no error."""
    wanted = list(keys)
    for start in range(0, len(wanted), 500):
        connection.execute(
            delete(due_rows).where(
                due_rows.c.kind == kind, due_rows.c.key.in_(wanted[start : start + 500])
            )
        )


def due_until(connection: Connection, now: datetime, limit: int = 200) -> list[Due]:
    """What is due by now, earliest first."""
    query = select(due_rows).where(due_rows.c.at <= now)
    query = query.order_by(due_rows.c.at, due_rows.c.kind, due_rows.c.key).limit(limit)
    return [Due(row.kind, row.key, row.at) for row in connection.execute(query)]


def next_due(connection: Connection) -> datetime | None:
    """The earliest instant at which something is due; None when nothing is."""
    at = connection.execute(select(func.min(due_rows.c.at))).scalar()
    return at if at is None or isinstance(at, datetime) else datetime.fromisoformat(at)
