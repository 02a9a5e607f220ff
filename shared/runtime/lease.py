"""The lease: of several processes of one service, one publishes, reads and ticks.

It is a row of the service's database that its holder renews by the database's time. Whoever slept
through its lease does no harm meanwhile: log, place and stream take each number once.
"""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import NAMESPACE_URL

import uuid_utils.compat
from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table

from shared.clock.boot import boot_id
from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.sql import send
from shared.database.threads import on_thread
from shared.database.types import core
from shared.logs import get_logger

LASTS_SECONDS = 6.0
RENEWED_SECONDS = 2.0
ASKED_SECONDS = 1.0

log = get_logger(__name__)

lease = Table(
    "lease",
    core,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("holder", String(36), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

_NOW_MS = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
_ACQUIRE = (
    f"INSERT INTO lease (one, holder, until_ms) VALUES (1, ?, {_NOW_MS} + ?) "  # noqa: S608
    "ON CONFLICT (one) DO UPDATE SET holder = EXCLUDED.holder, until_ms = EXCLUDED.until_ms "
    f"WHERE lease.holder = EXCLUDED.holder OR lease.until_ms < {_NOW_MS} "
    # Given while the database's clock was ahead. Twice as long, so that a small step takes nothing.
    f"OR lease.until_ms > {_NOW_MS} + 2 * ?"
)
# A process that is frozen while it sends rows, or whose machine vanished, keeps the log's head
# locked: PostgreSQL waits for the rest, and takes that for no idle transaction. One that is alive
# is never silent for so long. A session of another role could not be ended.
_END_SILENT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE relation = 'log_head'::regclass AND mode = 'RowShareLock' AND granted "
    "AND datname = current_database() AND usename = current_user "
    "AND state = 'active' AND wait_event_type = 'Client' "
    "AND state_change < clock_timestamp() - make_interval(secs => ?)"
)
_RESIGN = "UPDATE lease SET until_ms = 0 WHERE holder = ?"


def holder_at(port: int) -> str:
    """The name of whoever listens on a port of this machine: nobody else can at the same time.

    Machines may share a name, and containers of one machine its start; both at once only by a
    setting made by hand.
    """
    place = f"bulwark://{socket.gethostname()}/{boot_id()}:{port}"
    return str(uuid_utils.compat.uuid5(NAMESPACE_URL, place))


class Lease:
    """One process's hold on the duties of a service, in PostgreSQL."""

    def __init__(self, service: str, database: Database) -> None:
        # Who restarts at the same place need not wait for itself: see `holder_at`.
        self.holder = str(uuid_utils.compat.uuid7())
        self.is_leader = False
        # Whether another process was seen to hold it: this one stands by.
        self.is_follower = False
        self._service = service
        self._database = database
        self._asked = self._until = 0.0

    async def acquire(self) -> None:
        """Wait until this process holds the lease."""
        while not await self._ask():
            await asyncio.sleep(ASKED_SECONDS)
        log.info("lease.acquired", service=self._service)

    async def hold(self) -> None:
        """Renew the lease; returns when another has it, or when it could not be renewed in time."""
        while await self._ask():
            # Over a slow link an answer takes as long as a lease: what it took is not waited again.
            await asyncio.sleep(max(self._asked + RENEWED_SECONDS - time.monotonic(), 0.0))
        log.warning("lease.lost", service=self._service)

    async def resign(self) -> None:
        """Let another take it at once; the process ends."""
        if self.is_leader:
            self._stand(held=False)
            try:
                await on_thread(self._resign)
            except Exception as error:
                if not is_transient(error):
                    raise

    async def _ask(self) -> bool:
        self._asked = time.monotonic()
        try:
            held = await on_thread(self._acquire)
        except Exception as error:
            if not is_transient(error):
                raise
            # A database that does not answer gives the lease to nobody else either.
            held = self.is_leader and time.monotonic() < self._until
        else:
            self._until = self._asked + LASTS_SECONDS
            self.is_follower = not held
        self._stand(held=held)
        return held

    def _stand(self, *, held: bool) -> None:
        self.is_leader = held

    def _acquire(self) -> bool:
        lasts = int(LASTS_SECONDS * 1000)
        with self._connection() as connection:
            # At work or not: nobody writes while a process that fell silent holds the log.
            ended = send(connection, _END_SILENT, (LASTS_SECONDS,)).rowcount
            if ended:
                log.warning("lease.silent_ended", service=self._service, sessions=ended)
            return send(connection, _ACQUIRE, (self.holder, lasts, lasts)).rowcount == 1

    def _resign(self) -> None:
        with self._connection() as connection:
            send(connection, _RESIGN, (self.holder,))

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Each statement for itself: no round trips for a transaction, and no row locked by one
        that was frozen in its midst."""
        with self._database.write_engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
