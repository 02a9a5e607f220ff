"""Migrations make exactly the tables that the code speaks of. P1."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Column, Connection, MetaData, func, insert, select, text

from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.database.types import core
from shared.runtime.migrations import DatabaseNewer, migrate, newest
from tests.support.harness import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.mark.requirement("P1")
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_differs_when_an_empty_database_was_migrated(name: str, url: str) -> None:
    service, database = SERVICES[name], Database(url)
    whole = MetaData()
    for table in (*core.sorted_tables, *service.metadata.sorted_tables):
        table.to_metadata(whole)
    migrate(service, database)
    migrate(service, database)
    with database.write_engine.begin() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, whole) == []
    database.close()


EARLIER = sorted(
    (name, path.name[:4])
    for name, service in SERVICES.items()
    for path in (service.migrations / "versions").glob("[0-9]*.py")
    if path.name[:4] != newest(service.migrations / "versions")
)
ROWS = 3
# Not among those of the county that ships: a migration must not look anything up.
AREA = "990581001001"


def value_for(column: Column[Any], row: int) -> object:
    """Something that a column may hold, another in each row."""
    if isinstance(column.type, JSON):
        return {}
    kind = column.type.python_type
    if kind is str:
        length: int = getattr(column.type, "length", None) or 64
        if length == 32:
            # A time, as SQLite keeps it.
            return f"2021-01-18T08:0{row}:00.000000+00:00"
        return f"{AREA}{row:03}" if "area" in column.name else f"{row}-{column.name}"[:length]
    moment = datetime(2021, 1, 18, 8, row, tzinfo=UTC)
    found: dict[type, object] = {
        bool: bool(row % 2),
        int: row,
        float: row + 0.5,
        bytes: bytes([row]),
        datetime: moment,
        date: moment.date() + timedelta(row),
    }
    return found[kind]


def fill(connection: Connection) -> dict[str, int]:
    """Put rows into every table that is there; returns how many each has."""
    there = MetaData()
    there.reflect(connection)
    counts = {}
    for table in there.sorted_tables:
        if table.name == "alembic_version":
            continue
        rows = [
            {column.name: value_for(column, row) for column in table.columns}
            for row in range(1, ROWS + 1)
        ]
        connection.execute(insert(table), rows)
        counts[table.name] = ROWS
    return counts


@pytest.mark.requirement("P1")
@pytest.mark.parametrize(("name", "revision"), EARLIER)
def test_every_row_is_kept_when_a_filled_database_of_an_earlier_release_is_migrated(
    name: str, revision: str, url: str
) -> None:
    service, database = SERVICES[name], Database(url)
    config = Config()
    config.set_main_option("script_location", str(service.migrations))
    with database.write_engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        before = fill(connection)
    migrate(service, database)
    with database.read_engine.connect() as connection:
        now = MetaData()
        now.reflect(connection, only=lambda table, _: table in before)
        kept = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in now.sorted_tables
        }
    assert kept == before
    database.close()


def test_newer_database_is_refused_when_an_older_release_meets_it(url: str) -> None:
    service, database = SERVICES["intake"], Database(url)
    migrate(service, database)
    with database.write_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(service, database)
    database.close()
