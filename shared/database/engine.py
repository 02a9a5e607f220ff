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
    # Notice a host that vanished within seconds, not hours.
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # Not a standby: it would answer reads with old data.
    "target_session_attrs": "primary",
}
POSTGRES_WAITS = (
    # A lock not granted in time counts as a database that does not answer: the writer retries.
    "SET lock_timeout = '10s'",
    # A process that was stopped in a transaction must not keep the log's head locked for ever.
    "SET idle_in_transaction_session_timeout = '10s'",
)
# A change that was answered is on disk, even where the role, database or server sets `off`, the
# one value that does not wait for the disk. Any other value, such as one that waits for standbys,
# is kept, and pinned for the connection in case the server's setting changes.
POSTGRES_ON_DISK = (
    "SELECT set_config('synchronous_commit', coalesce("
    "nullif(current_setting('synchronous_commit'), 'off'), 'on'), false)"
)
# Pages of the write-ahead log after which SQLite checkpoints it by itself, within a commit.
AUTOCHECKPOINT_PAGES = 16_384
READER_CACHE_KIB = 512


@dataclass(frozen=True, slots=True)
class Room:
    """How much of its process a service may use.

    `events_at_once`: how many events a reader applies in one transaction. `writer_cache_kib`: the
    writer's page cache on SQLite, for the index pages that it needs again and again.
    `flood_linger_seconds`: how long a reader under load waits for more events, which then share a
    commit.
    """

    events_at_once: int
    writer_cache_kib: int
    flood_linger_seconds: float


ALONE = Room(events_at_once=1024, writer_cache_kib=16 * 1024, flood_linger_seconds=0.0)
# For several services in one process: 30 MB less memory, for a tenth more work under load. Waiting
# saves that tenth again; alone it saves nothing and would delay a fever under load.
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
        # Errors go to logs and dead letters, which must not hold personal data.
        options: dict[str, Any] = {"pool_timeout": 10, "hide_parameters": True}
        reads: dict[str, Any] = {"pool_size": readers, "max_overflow": readers}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        else:
            options |= {"connect_args": POSTGRES_LINK, "pool_pre_ping": True}
            # A read sees one consistent state, as it does on SQLite.
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
            event.listen(self.write_engine, "handle_error", self._disconnect_if_read_only)
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
        """Copy SQLite's write-ahead log into its file, as far as no read still needs it."""
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

    def _disconnect_if_read_only(self, context: ExceptionContext) -> None:
        """Drop the connections to a server that became a standby and rejects writes.

        The next connection may find the new primary.
        """
        if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
            context.is_disconnect = True
            # Reads do not fail on a standby, so they would go on with old data.
            self.read_engine.dispose()

    def close(self) -> None:
        """Close the connections of both pools."""
        self.write_engine.dispose()
        self.read_engine.dispose()


def _prepare_sqlite(engine: Engine, *, begin: str, cache_kib: int) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        # Keep the driver from beginning transactions itself: it would begin them deferred.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA cache_size=-{cache_kib}")
        # The writer checkpoints the log when it is idle; this is for when it never is.
        cursor.execute(f"PRAGMA wal_autocheckpoint={AUTOCHECKPOINT_PAGES}")
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
