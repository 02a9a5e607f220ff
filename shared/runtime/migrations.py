"""Migrations: each service's database is brought forward at start, under a lock, by alembic."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, MetaData, inspect, text

from shared.database.engine import Database
from shared.database.types import core
from shared.runtime.service import Service

LOCK = 0x62756C77


class DatabaseNewer(Exception):
    """The database was written by a newer release; the message names both revisions."""


def newest(versions: Path) -> str:
    """The revision of the last migration file; files are named `0001_first.py`."""
    return max(path.name[:4] for path in versions.glob("[0-9]*.py"))


def migrate(service: Service, database: Database) -> None:
    """Bring a service's database to this release's form; raises DatabaseNewer."""
    wanted = newest(service.migrations / "versions")
    if _revision(database) == wanted:
        return
    # Imported here: most starts find the database as it should be, and alembic is heavy.
    from alembic import command
    from alembic.config import Config

    with database.write_engine.begin() as connection:
        if not database.is_sqlite:
            # Another replica may be migrating, for as long as that takes.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        found = _revision_in(connection)
        if found is not None and found > wanted:
            raise DatabaseNewer(
                f"{service.name}: 数据库版本 {found} 比本程序 {wanted} 新,请安装更新的版本 / the "
                f"database ({found}) is newer than this program ({wanted}): install the newer one"
            )
        config = Config()
        config.set_main_option("script_location", str(service.migrations))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(database: Database) -> str | None:
    with database.read_engine.connect() as connection:
        return _revision_in(connection)


def _revision_in(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def run_environment(metadata: MetaData) -> None:
    """What each service's `migrations/env.py` calls, with its own tables."""
    from alembic import context

    connection: Any = context.config.attributes["connection"]
    targets: Sequence[MetaData] = [core, metadata]
    context.configure(
        connection=connection,
        target_metadata=targets,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    if kind == "type" and type(item).__module__ == "shared.database.types":
        autogen_context.imports.add("from shared.database import types")
        return f"types.{type(item).__name__}()"
    return False
