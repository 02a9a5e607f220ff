"""Databases: SQLite in one file or PostgreSQL, opened the same way.

A `Database` has one engine for the writer (every transaction begins as a writing one) and one for
reads. No import connects to anything.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from shared.database.failures import keep_values_out

BUSY_SECONDS = 5
# Connections that a pool keeps; under load it opens as many again.
WRITERS = 2
READ_ONLY = "25006"  # the SQLSTATE of a write in a transaction that may only read
POSTGRES_LINK = {
    # A host that vanished is noticed within seconds, not hours.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # A standby answers reads with what it has: less than was committed.
    "target_session_attrs": "primary",
}
POSTGRES_WAITS = (
    # A lock that does not come is a database that does not answer: the writer tries again.
    "SET lock_timeout = '10s'",
    # A replica that was stopped in mid-transaction must not hold the log's head for ever.
    "SET idle_in_transaction_session_timeout = '10s'",
)
# A 2xx is on disk, whatever role, database or server are set to; to wait for less than disk means
# `off` alone. What is set for copies elsewhere is kept, and kept when the server is set anew.
POSTGRES_ON_DISK = (
    "SELECT set_config('synchronous_commit', coalesce("
    "nullif(current_setting('synchronous_commit'), 'off'), 'on'), false)"
)
# Pages of the write-ahead log after which SQLite settles it by itself, within a commit.
MOST_UNSETTLED_PAGES = 16_384
READER_CACHE_KIB = 512


@dataclass(frozen=True, slots=True)
class Room:
    """How much of its process a service may take: events that a reader takes at once, SQLite's
    cache for its writer, which meets the pages of its indexes again and again, and how long a
    reader in a flood waits, so that what comes meanwhile shares a commit."""

    events_at_once: int
    writer_cache_kib: int
    flood_linger_seconds: float


ALONE = Room(events_at_once=1024, writer_cache_kib=16 * 1024, flood_linger_seconds=0.0)
# Where several services share a process: a tenth more work in a flood, and 30 MB less for it. To
# wait saves them a tenth again; alone it would save nothing, and hold up a fever in the flood.
TOGETHER = Room(events_at_once=256, writer_cache_kib=2 * 1024, flood_linger_seconds=0.02)


class Database:
    """One service's database.

    `url` is an SQLAlchemy URL: `sqlite:///path/file.db` or `postgresql://…` (psycopg 3).
    """

    def __init__(self, url: str, *, readers: int = 8, room: Room = ALONE) -> None:
        self.room = room
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        # Errors go to logs and dead letters: what people said must not stand in them.
        options: dict[str, Any] = {"pool_timeout": 10, "hide_parameters": True}
        reads: dict[str, Any] = {"pool_size": readers, "max_overflow": readers}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        else:
            options |= {"connect_args": POSTGRES_LINK, "pool_pre_ping": True}
            # One read sees one moment, as it does on SQLite.
            reads["isolation_level"] = "REPEATABLE READ"
        writes = {"pool_size": WRITERS, "max_overflow": WRITERS}
        self.write_engine = create_engine(parsed, **writes, **options)
        self.read_engine = create_engine(parsed, **reads, **options)
        if self.is_sqlite:
            cache_kib = room.writer_cache_kib
            _prepare_sqlite(self.write_engine, begin="BEGIN IMMEDIATE", cache_kib=cache_kib)
            _prepare_sqlite(self.read_engine, begin="BEGIN", cache_kib=READER_CACHE_KIB)
        else:
            _prepare_postgres(self.write_engine)
            event.listen(self.write_engine, "handle_error", self._leave_a_standby)
            for engine in (self.write_engine, self.read_engine):
                event.listen(engine, "handle_error", keep_values_out)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reads: a consistent view, never committed."""
        with Session(self.read_engine) as session:
            yield session

    def writing(self) -> Session:
        """A session for the writer, whose transactions hold the write lock from the beginning."""
        return Session(self.write_engine, autoflush=True, expire_on_commit=False)

    def wal_checkpoint(self) -> None:
        """Bring SQLite's write-ahead log into its file, as far as no read still needs it."""
        if self.is_sqlite:
            with contextlib.closing(self.write_engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").close()

    def pools(self) -> dict[str, tuple[int, int]]:
        """The connections in use for reads and for writes, and how many may be at most."""
        engines = {"read": self.read_engine, "write": self.write_engine}
        return {
            name: (engine.pool.checkedout(), 2 * engine.pool.size())
            for name, engine in engines.items()
            if isinstance(engine.pool, QueuePool)
        }

    def _leave_a_standby(self, context: ExceptionContext) -> None:
        """A server that takes no writes, as a primary does that became a standby, is left like one
        that went away: the next connection may find the new primary."""
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True
            # Reads would never fail there.
            self.read_engine.dispose()

    def close(self) -> None:
        """Give every connection back."""
        self.write_engine.dispose()
        self.read_engine.dispose()


def _prepare_sqlite(engine: Engine, *, begin: str, cache_kib: int) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: it would begin them deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA cache_size=-{cache_kib}")
        # The writer settles the log when it has nothing else to do; this is for when it never has.
        cursor.execute(f"PRAGMA wal_autocheckpoint={MOST_UNSETTLED_PAGES}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _prepare_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        for setting in (*POSTGRES_WAITS, POSTGRES_ON_DISK):
            connection.execute(setting)
        connection.commit()
