"""Migrations make exactly the tables that the code speaks of. P1."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from bulwark.services import SERVICES
from shared.db import Database, core
from shared.migration import DatabaseNewer, migrate
from tests.harness import PostgresServer


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


def test_newer_database_is_refused_when_an_older_release_meets_it(url: str) -> None:
    service, database = SERVICES["intake"], Database(url)
    migrate(service, database)
    with database.write_engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match="9999"):
        migrate(service, database)
    database.close()
