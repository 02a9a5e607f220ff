"""Decides whether the machine's clock may be trusted: a wrong one must not end an observation.

The last trusted reading is stored in the service's database, one row for each boot of each machine,
so that it outlives the process and the leader's term. Other readings are not stored, so a clock
that was wrong and is right again needs nobody's attention.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Column, String, Table, delete, func, select

from shared.clock.boot import boot_id, steady_seconds
from shared.clock.clock import CST, Clock
from shared.database.engine import Database
from shared.database.sql import send
from shared.database.threads import on_thread
from shared.database.types import core

HOUR = timedelta(hours=1)
# A trusted reading replaces the stored one after this time, so that small steps do not add up.
STORE_INTERVAL = timedelta(hours=1)
STORED_FOR = timedelta(days=365)
MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, 8, tzinfo=CST)

clocks = Table(
    "clocks",
    core,
    Column("boot", String(36), primary_key=True),
    Column("steady_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
)

_STORE = (
    "INSERT INTO clocks (boot, steady_ms, wall_ms) VALUES (?, ?, ?) ON CONFLICT (boot) "
    "DO UPDATE SET steady_ms = excluded.steady_ms, wall_ms = excluded.wall_ms"
)
_DELETE_OLD = "DELETE FROM clocks WHERE wall_ms < ?"


class ClockFault(StrEnum):
    """Why the clock is not trusted."""

    JUMPED = "jumped"
    SET_BACK = "set_back"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Reading:
    """A machine's clocks at one moment: the id of its boot, the time since then, the wall clock."""

    boot: str
    steady: timedelta
    wall: datetime


def fault_of(
    now: Reading, trusted: Collection[Reading], database_time: datetime | None
) -> ClockFault | None:
    """Why a reading is not trusted, given the trusted ones before it; None when it is.

    Up to an hour is tolerated. `database_time` is that of a database server, None for SQLite. It
    can refute the clock but not confirm it: the server may run on the same machine.
    """
    if database_time is not None and abs(now.wall - database_time) > HOUR:
        return ClockFault.APART
    own = of_boot(now.boot, trusted)
    if own is not None:
        moved = (now.wall - own.wall) - (now.steady - own.steady)
        return ClockFault.JUMPED if abs(moved) > HOUR else None
    # After a boot, only a clock that is behind is known to be wrong: one that is days ahead may be
    # right, as the machine may have been off for days.
    set_back = any(reading.wall - now.wall > HOUR for reading in trusted)
    return ClockFault.SET_BACK if set_back else None


def of_boot(boot: str, trusted: Collection[Reading]) -> Reading | None:
    """The trusted reading of a machine since its boot; None without one."""
    return next((reading for reading in trusted if reading.boot == boot), None)


class ClockCheck:
    """Compares a clock with the trusted readings in its service's database."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        *,
        boot: str | None = None,
        steady: Callable[[], float] = steady_seconds,
    ) -> None:
        self._clock = clock
        self._database = database
        self._boot = boot or boot_id()
        self._steady = steady

    async def check(self) -> tuple[datetime, ClockFault | None]:
        """The present, and why it is not trusted; a trusted reading is stored for later checks."""
        steady = timedelta(seconds=self._steady())
        now = Reading(self._boot, steady, self._clock.now())
        return now.wall, await on_thread(self._compare, now)

    def _compare(self, now: Reading) -> ClockFault | None:
        database_time = None
        with self._database.reading() as session:
            trusted = [
                Reading(row.boot, row.steady_ms * MS, EPOCH + row.wall_ms * MS)
                for row in session.execute(select(clocks))
            ]
            if not self._database.is_sqlite:
                database_time = session.execute(select(func.clock_timestamp())).scalar_one()
        fault = fault_of(now, trusted, database_time)
        own = of_boot(now.boot, trusted)
        if fault is None and (own is None or now.steady - own.steady >= STORE_INTERVAL):
            self._store(now)
        return fault

    def _store(self, now: Reading) -> None:
        row = (now.boot, now.steady // MS, _ms(now.wall))
        with self._database.write_engine.begin() as connection:
            # Processes of one machine share a row.
            send(connection, _STORE, row)
            send(connection, _DELETE_OLD, (_ms(now.wall - STORED_FOR),))


def _ms(at: datetime) -> int:
    return (at - EPOCH) // MS


def trust_clock(database: Database) -> None:
    """Delete the trusted readings, so that every process trusts its machine's clock as it is."""
    with database.write_engine.begin() as connection:
        connection.execute(delete(clocks))
