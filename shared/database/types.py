"""Column types, and the metadata of the tables that every service has."""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, String, TypeDecorator
from sqlalchemy.types import TypeEngine

from shared.clock.clock import CST

core = MetaData()
"""The tables every service has: log, checkpoints, dead letters, saved answers, timers, audit."""


class Instant(TypeDecorator[datetime]):
    """An aware time to the microsecond: `timestamptz` in PostgreSQL, sortable text in SQLite."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Convert a time for the database; raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without offset cannot be stored")
        local = value.astimezone(CST)
        return local if dialect.name == "postgresql" else local.isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Convert it back, in China Standard Time."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            found: datetime = value
            return found.astimezone(CST)
        return datetime.fromisoformat(value)
