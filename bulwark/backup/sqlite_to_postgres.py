"""Copies the rows of an SQLite backup into PostgreSQL, for a site that grows."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Table, select, text

from bulwark.backup.copies import connected, unpack
from bulwark.backup.manifest import DatabaseCopy
from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.database.types import core
from shared.runtime.migrations import migrate

ROWS_AT_ONCE = 1000


def load_rows(service: str, copy: DatabaseCopy, folder: Path, url: str) -> None:
    """Make the tables in an empty PostgreSQL database and insert every row, all or none."""
    target = Database(url)
    try:
        migrate(SERVICES[service], target)
        with tempfile.TemporaryDirectory(prefix=".growing-", dir=folder.parent) as scratch:
            file = Path(scratch) / f"{service}.db"
            unpack(folder / copy.file, file)
            # A backup of an older release is migrated first, in a copy.
            source = Database(f"sqlite:///{file}")
            migrate(SERVICES[service], source)
            source.close()
            with (
                connected(f"sqlite:///{file}") as reading,
                target.write_engine.begin() as writing,
            ):
                for table in _tables(service):
                    _copy(table, reading, writing)
    finally:
        target.close()


def _tables(service: str) -> Iterator[Table]:
    yield from core.sorted_tables
    yield from SERVICES[service].metadata.sorted_tables


def _copy(table: Table, reading: Connection, writing: Connection) -> None:
    # Rows that a migration inserted are also in the copy.
    writing.execute(table.delete())
    rows = reading.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for part in rows.partitions():
        writing.execute(table.insert(), [dict(row._mapping) for row in part])
    numbered = table.autoincrement_column
    if numbered is not None:
        # The sequence continues after the copied numbers.
        writing.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{numbered.name}'),"  # noqa: S608
                f" (SELECT coalesce(max({numbered.name}), 0) + 1 FROM {table.name}), false)"
            )
        )
