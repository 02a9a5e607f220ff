"""The lease: of several processes of one service, one leads: it publishes, reads and ticks.

It is a row in the service's database that the leader renews by the database's time. A leader that
was frozen past its term does no harm: log, checkpoints and stream accept each number once.
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

LEASE_SECONDS = 6.0
RENEW_SECONDS = 2.0
RETRY_SECONDS = 1.0

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
    # An end so far ahead was set while the database's clock was fast. The factor of two keeps a
    # small step of that clock from costing the leader its lease.
    f"OR lease.until_ms > {_NOW_MS} + 2 * ?"
)
# A process that froze while it sent rows, or whose machine vanished, keeps the log's head locked:
# PostgreSQL waits for the rest of its statement, and does not count it as an idle transaction. A
# live process is never silent for so long. Sessions of other roles could not be terminated.
_END_SILENT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE relation = 'log_head'::regclass AND mode = 'RowShareLock' AND granted "
    "AND datname = current_database() AND usename = current_user "
    "AND state = 'active' AND wait_event_type = 'Client' "
    "AND state_change < clock_timestamp() - make_interval(secs => ?)"
)
_RESIGN = "UPDATE lease SET until_ms = 0 WHERE holder = ?"


def holder_at(port: int) -> str:
    """The holder id of the process that listens on a port of this machine; there is but one.

    Two machines may have one host name, and the containers of one machine have one boot id. Both
    are equal only where somebody set the host name to be so.
    """
    address = f"bulwark://{socket.gethostname()}/{boot_id()}:{port}"
    return str(uuid_utils.compat.uuid5(NAMESPACE_URL, address))


class Lease:
    """One process's view of the lease of a service, in PostgreSQL."""

    def __init__(self, service: str, database: Database) -> None:
        # A server sets `holder_at` instead, so that after a restart it need not wait for itself.
        self.holder = str(uuid_utils.compat.uuid7())
        self.is_leader = False
        # Whether another process is known to lead.
        self.is_follower = False
        self._service = service
        self._database = database
        # When the last request began, and until when the lease surely holds, by the steady clock.
        self._asked = self._until = 0.0

    async def acquire(self) -> None:
        """Wait until this process leads."""
        while not await self._renew():
            await asyncio.sleep(RETRY_SECONDS)
        log.info("lease.acquired", service=self._service)

    async def hold(self) -> None:
        """Renew the lease; returns once another leads, or the lease ran out unrenewed."""
        while await self._renew():
            # Counted from the request's start: over a slow link the answer alone may take seconds.
            await asyncio.sleep(max(self._asked + RENEW_SECONDS - time.monotonic(), 0.0))
        log.warning("lease.lost", service=self._service)

    async def resign(self) -> None:
        """Give the lease up at the end of the process, so that another can lead at once."""
        if self.is_leader:
            self.is_leader = False
            try:
                await on_thread(self._resign)
            except Exception as error:
                if not is_transient(error):
                    raise

    async def _renew(self) -> bool:
        self._asked = time.monotonic()
        try:
            leads = await on_thread(self._acquire)
        except Exception as error:
            if not is_transient(error):
                raise
            # A database that does not answer does not give the lease to anyone else either.
            leads = self.is_leader and time.monotonic() < self._until
        else:
            self._until = self._asked + LEASE_SECONDS
            self.is_follower = not leads
        self.is_leader = leads
        return leads

    def _acquire(self) -> bool:
        term_ms = int(LEASE_SECONDS * 1000)
        with self._connection() as connection:
            # Followers do this too: nobody can write while a silent process has the log locked.
            ended = send(connection, _END_SILENT, (LEASE_SECONDS,)).rowcount
            if ended:
                log.warning("lease.silent_ended", service=self._service, sessions=ended)
            return send(connection, _ACQUIRE, (self.holder, term_ms, term_ms)).rowcount == 1

    def _resign(self) -> None:
        with self._connection() as connection:
            send(connection, _RESIGN, (self.holder,))

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection in autocommit: one round trip a statement, and no row stays locked when the
        process freezes."""
        with self._database.write_engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
