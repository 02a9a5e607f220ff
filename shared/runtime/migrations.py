"""Migrations: alembic brings each service's database to this release's schema at start.

A database has two chains of migrations, each with a version table of its own: one for the core
tables, which every service has, and one for the service's own. A revision is the date and time in
its file's name, so that a later one is greater.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, MetaData, inspect, text

from shared.database.engine import Database
from shared.database.types import Instant, core
from shared.exceptions import OperatorError
from shared.runtime.service import Service

if TYPE_CHECKING:
    from alembic.config import Config

LOCK = 0x62756C77
# Alembic's entry and the template of a migration, the same for every chain.
ENVIRONMENT = Path(__file__).parent / "migration_environment"
CORE_VERSIONS = Path(__file__).parents[1] / "writer" / "migrations" / "versions"
NAMED = "%Y-%m-%d-%H%M"
OWN_TABLE = "alembic_version"
# Before revisions were dated, each service numbered the migrations of all its tables. A database
# at these last numbers has the tables of the first dated revisions.
NUMBERED = {"alerts": "0006", "intake": "0003", "rollup": "0005", "volunteers": "0004"}

Age = Literal["newer", "current", "older", "too old"]


class DatabaseNewer(OperatorError):
    """The database was written by a newer release; the message names both revisions."""


class DatabaseTooOld(OperatorError):
    """No migration leads on from the database's revision; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Migrations in a row, and the table that stores the revision a database has reached."""

    name: str
    versions: Path
    version_table: str
    metadata: MetaData

    def revisions(self) -> list[str]:
        """Its revisions, the first one first; files are named `2026-12-01-1405_elections.py`."""
        files = self.versions.glob("[0-9]*.py")
        return sorted(path.name.split("_")[0].replace("-", "") for path in files)


CORE = Chain("core", CORE_VERSIONS, "alembic_version_core", core)


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revisions of a database's two chains; `core` is empty for one that is still numbered."""

    own: str
    core: str = ""

    def __str__(self) -> str:
        return f"{self.own}, core {self.core}" if self.core else self.own


def own_chain(service: Service) -> Chain:
    """The migrations of a service's own tables."""
    versions = service.migrations / "versions"
    return Chain(service.name, versions, OWN_TABLE, service.metadata)


def newest(service: Service) -> Revisions:
    """The revisions that this program brings a service's database to."""
    return Revisions(own_chain(service).revisions()[-1], CORE.revisions()[-1])


def revisions_in(connection: Connection) -> Revisions | None:
    """The revisions of a database; None for one that was never migrated."""
    own = _revision_in(connection, OWN_TABLE)
    if own is None:
        return None
    return Revisions(own, _revision_in(connection, CORE.version_table) or "")


def age(service: Service, found: Revisions) -> Age:
    """How old a database of a service is, compared with this program."""
    known = newest(service)
    if found == known:
        return "current"
    if found.own > known.own or found.core > known.core:
        return "newer"
    if found.core or found.own == NUMBERED.get(service.name):
        return "older"
    return "too old"


def migrate(service: Service, database: Database) -> None:
    """Bring a service's database to the newest revisions; raises DatabaseNewer, DatabaseTooOld."""
    with database.read_engine.connect() as connection:
        if revisions_in(connection) == newest(service):
            # So it is at most starts, and alembic takes long to import.
            return
    with database.write_engine.begin() as connection:
        if not database.is_sqlite:
            # Another process may be migrating: wait without a limit.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        found = revisions_in(connection)
        if found is not None:
            _check_supported(service, found)
        for chain in (CORE, own_chain(service)):
            if found is not None and not found.core:
                _stamp_first(chain, connection)
            upgrade(chain, connection)


def upgrade(chain: Chain, connection: Connection, revision: str = "head") -> None:
    """Run the migrations of a chain up to a revision."""
    from alembic import command

    command.upgrade(config_of(chain, connection), revision)


def _stamp_first(chain: Chain, connection: Connection) -> None:
    """Mark a database at the last number as one at the first dated revision, without a change."""
    from alembic import command

    config = config_of(chain, connection)
    command.stamp(config, chain.revisions()[0], purge=True)


def config_of(chain: Chain, connection: Connection, others: Iterable[str] = ()) -> "Config":
    """Alembic's configuration of a chain; `others` are the tables that belong to other chains."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "chain": chain, "others": set(others)})
    # A path may hold any character but this separator; `%` begins a placeholder.
    config.set_main_option("path_separator", "newline")
    for option, path in (
        ("script_location", ENVIRONMENT),
        ("version_locations", chain.versions),
    ):
        config.set_main_option(option, str(path).replace("%", "%%"))
    return config


def run_environment() -> None:
    """Run the migrations; called by alembic's `env.py`."""
    from alembic import context

    attributes = context.config.attributes
    connection: Connection = attributes["connection"]
    chain: Chain = attributes["chain"]
    context.configure(
        connection=connection,
        target_metadata=chain.metadata,
        version_table=chain.version_table,
        include_name=lambda name, kind, _: kind != "table" or name not in attributes["others"],
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def _check_supported(service: Service, found: Revisions) -> None:
    known = newest(service)
    match age(service, found):
        case "newer":
            raise DatabaseNewer(
                f"{service.name}: 数据库版本 {found} 比本程序 {known} 新,请安装更新的版本 / the "
                f"database ({found}) is newer than this program ({known}): install the newer one"
            )
        case "too old":
            last = NUMBERED.get(service.name)
            raise DatabaseTooOld(
                f"{service.name}: 数据库版本 {found} 过旧,请先用版本为 {last} 的程序启动一次 / the "
                f"database ({found}) is too old: start it once with the program of revision {last}"
            )


def _revision_in(connection: Connection, table: str) -> str | None:
    if not inspect(connection).has_table(table):
        return None
    # The table's name is one of two constants, never input.
    found = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608
    return None if found is None else str(found)


def _render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Instant):
        autogen_context.imports.add(f"from {Instant.__module__} import Instant")
        return "Instant()"
    return False
