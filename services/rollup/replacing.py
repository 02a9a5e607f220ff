"""Replacing rows in bulk: what a run of events leaves of a table's rows, by their keys."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Table as CoreTable
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.rollup.schema import Table
from shared.database.sql import pieces


def stored(session: Session, table: type[Table], keys: Iterable[str]) -> list[Any]:
    """The rows that stand under some keys, as plain rows; the table has a key of one column."""
    core = _core(table)
    found: list[Any] = []
    for some in pieces(keys):
        found.extend(session.execute(select(core).where(_key(core).in_(some))))
    return found


def replace(
    session: Session, table: type[Table], rows: Mapping[str, Mapping[str, Any] | None]
) -> None:
    """Put rows in the place of what stands under their keys; None takes one away."""
    core = _core(table)
    for some in pieces(rows):
        session.execute(delete(core).where(_key(core).in_(some)))
    kept = [dict(row) for row in rows.values() if row is not None]
    if kept:
        session.execute(insert(core), kept)


def _core(table: type[Table]) -> CoreTable:
    # Past the ORM: nothing of these rows is kept in the session.
    return cast("CoreTable", table.__table__)


def _key(core: CoreTable) -> Any:
    # SQLite looks through the whole table for keys of several columns at once.
    (column,) = core.primary_key
    return column
