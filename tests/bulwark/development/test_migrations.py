"""Migrations make exactly the tables that the code speaks of, and lose nothing. P1."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, Connection, MetaData, insert, inspect, select, text

from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.database.types import core
from shared.runtime.migrations import (
    CORE,
    OWN_TABLE,
    Chain,
    DatabaseNewer,
    DatabaseTooOld,
    config_of,
    migrate,
    newest,
    own_chain,
    revisions_in,
    upgrade,
)
from shared.runtime.service import Service
from tests.bulwark.backup.numbered_backups import numbered_database
from tests.support.harness import PostgresServer

VERSION_TABLES = (CORE.version_table, OWN_TABLE)
CHAINS = (CORE, *(own_chain(service) for service in SERVICES.values()))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def not_a_version(table: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or table not in VERSION_TABLES


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
        options = {"include_name": not_a_version}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, whole) == []
        assert revisions_in(connection) == newest(service)
    database.close()


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_migrations_follow_each_other_in_the_order_of_their_dates(chain: Chain, url: str) -> None:
    database = Database(url)
    with database.read_engine.connect() as connection:
        scripts = ScriptDirectory.from_config(config_of(chain, connection))
    database.close()
    line = list(scripts.walk_revisions())[::-1]
    assert [one.revision for one in line] == chain.revisions()
    assert [one.down_revision for one in line] == [None, *chain.revisions()[:-1]]
    for one in line:
        dated = datetime.strptime(one.revision, "%Y%m%d%H%M").replace(tzinfo=UTC)
        assert Path(one.path).name.startswith(f"{dated:%Y-%m-%d-%H%M}_")


def earlier_releases(service: Service) -> Iterator[str]:
    """The moments at which a migration was the last one, but for the present."""
    own = own_chain(service)
    moments = sorted({*CORE.revisions(), *own.revisions()})
    first = max(CORE.revisions()[0], own.revisions()[0])
    return (moment for moment in moments[:-1] if moment >= first)


NUMBERED = "numbered"
EARLIER = [(name, NUMBERED) for name in sorted(SERVICES)]
EARLIER += [(name, moment) for name in SERVICES for moment in earlier_releases(SERVICES[name])]
ROWS = 3
# Not among those of the county that ships: a migration must not look anything up.
AREA = "990581001001"


def made_by(name: str, release: str, url: str) -> Database:
    """A service's database as an earlier release made it."""
    if release == NUMBERED:
        return numbered_database(name, url)
    database = Database(url)
    with database.write_engine.begin() as connection:
        for chain in (CORE, own_chain(SERVICES[name])):
            upgrade(chain, connection, max(one for one in chain.revisions() if one <= release))
    return database


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


def tables_of(connection: Connection) -> MetaData:
    there = MetaData()
    there.reflect(connection, only=lambda table, _: table not in VERSION_TABLES)
    return there


def fill(connection: Connection) -> MetaData:
    """Put rows into every table that has none."""
    there = tables_of(connection)
    for table in there.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            continue
        rows = [
            {column.name: value_for(column, row) for column in table.columns}
            for row in range(1, ROWS + 1)
        ]
        connection.execute(insert(table), rows)
    return there


@pytest.mark.requirement("P1")
@pytest.mark.parametrize(("name", "release"), EARLIER)
def test_every_row_is_kept_when_a_filled_database_of_an_earlier_release_is_migrated(
    name: str, release: str, url: str
) -> None:
    def count(table: str) -> int:
        query = text(f"SELECT count(*) FROM {table}")
        return int(connection.execute(query).scalar_one())

    service, database = SERVICES[name], made_by(name, release, url)
    with database.write_engine.begin() as connection:
        tables = sorted(fill(connection).tables)
        before = {table: count(table) for table in tables}
    assert all(before.values())
    migrate(service, database)
    with database.read_engine.connect() as connection:
        assert revisions_in(connection) == newest(service)
        assert {table: count(table) for table in tables} == before
    database.close()


@pytest.mark.requirement("P1")
@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_value_is_what_it_was_when_a_numbered_database_is_taken_over(
    name: str, url: str
) -> None:
    database = numbered_database(name, url)
    with database.write_engine.begin() as connection:
        # The first dated revisions are of its tables: what comes after them may change values.
        there = fill(connection)
        before = {
            table.name: rows_of(connection, there, table.name) for table in there.tables.values()
        }
    migrate(SERVICES[name], database)
    with database.read_engine.connect() as connection:
        assert {table: rows_of(connection, there, table) for table in before} == before
    database.close()


def rows_of(connection: Connection, tables: MetaData, name: str) -> list[str]:
    found = connection.execute(select(tables.tables[name]))
    return sorted(repr(tuple(row)) for row in found)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_tables_are_those_of_a_new_database_when_a_numbered_one_was_taken_over(
    name: str, url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    numbered, fresh = numbered_database(name, url), Database(f"sqlite:///{tmp_path}/fresh.db")
    if not numbered.is_sqlite:
        server: PostgresServer = request.getfixturevalue("postgres")
        fresh = Database(server.new_database())
    forms = []
    for database in (numbered, fresh):
        migrate(SERVICES[name], database)
        forms.append(form_of(database))
        database.close()
    assert forms[0] == forms[1]


def form_of(database: Database) -> dict[str, object]:
    """All that the database says of its tables."""
    found = inspect(database.read_engine)
    return {
        table: (
            [{**column, "type": repr(column["type"])} for column in found.get_columns(table)],
            found.get_pk_constraint(table),
            sorted(repr(index_of(index)) for index in found.get_indexes(table)),
            found.get_foreign_keys(table),
            found.get_unique_constraints(table),
            found.get_check_constraints(table),
            found.get_table_options(table),
        )
        for table in found.get_table_names()
    }


def index_of(found: Mapping[str, Any]) -> dict[str, object]:
    options = {name: str(value) for name, value in found.get("dialect_options", {}).items()}
    return {**found, "dialect_options": options}


@pytest.mark.parametrize("table", VERSION_TABLES)
def test_newer_database_is_refused_when_an_older_release_meets_it(url: str, table: str) -> None:
    service, database = SERVICES["intake"], Database(url)
    migrate(service, database)
    with database.write_engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(service, database)
    database.close()


def test_database_is_refused_in_one_line_when_no_migration_leads_on_from_it(url: str) -> None:
    database = numbered_database("alerts", url)
    with database.write_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
    with pytest.raises(DatabaseTooOld, match=r"0005.*0006") as refused:
        migrate(SERVICES["alerts"], database)
    assert "\n" not in str(refused.value)
    with database.read_engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            ("0005",)
        ]
        assert not inspect(connection).has_table(CORE.version_table)
    database.close()


STARTS = """
import sys
from bulwark.registry import SERVICES
from shared.database.engine import Database
from shared.runtime.migrations import migrate
migrate(SERVICES["intake"], Database(sys.argv[1]))
assert "alembic" not in sys.modules
"""


def test_alembic_is_not_loaded_when_the_database_is_as_it_should_be(url: str) -> None:
    database = Database(url)
    migrate(SERVICES["intake"], database)
    database.close()
    subprocess.run([sys.executable, "-c", STARTS, url], check=True, timeout=60)
