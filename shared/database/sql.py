"""SQL that features and the core share."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.orm import InstrumentedAttribute

# Codes are digits, so under any collation a prefix with this suffix sorts after all its codes.
LAST_SUFFIX = "9" * 15
# A statement takes only so many values, fewer in an older SQLite.
KEYS_AT_ONCE = 500


def send(connection: Connection, statement: str, values: Any = ()) -> CursorResult[Any]:
    """Execute a statement with `?` for values by the driver, for what every transaction does.

    The same statement takes four times as long when SQLAlchemy builds and caches it.
    """
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, values)


def pieces(keys: Iterable[str]) -> Iterator[list[str]]:
    """Keys in lists that are short enough for `IN (…)`; none when there are no keys."""
    listed = list(keys)
    for start in range(0, len(listed), KEYS_AT_ONCE):
        yield listed[start : start + KEYS_AT_ONCE]


def present(
    connection: Connection, column: InstrumentedAttribute[Any], values: Iterable[str]
) -> set[str]:
    """Which of some values are in a column of a model."""
    wanted = tuple(values)
    if not wanted:
        return set()
    placeholders = ", ".join("?" * len(wanted))
    name, table = column.key, column.parent.local_table
    # Both come from a model, never from input.
    query = f"SELECT {name} FROM {table} WHERE {name} IN ({placeholders})"  # noqa: S608
    return {row[0] for row in send(connection, query, wanted)}


def area_range(column: Any, prefix: str) -> Any:
    """The condition that an area code begins with a prefix, as a range that an index can serve."""
    return (column >= prefix) & (column <= prefix + LAST_SUFFIX) if prefix else column.is_not(None)
