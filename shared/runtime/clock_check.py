"""Whether the machine's clock may be believed: a wrong one must not close anyone's observation.

What was believed last is kept in the service's database, a row for each start of each machine, so
that neither a new process nor another's tenure forgets it. What is doubted is never kept: a clock
that was wrong at first and is right now needs nobody.
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
# Small steps are forgiven as they come: it is not their sum that is looked at.
KEPT_AGAIN = timedelta(hours=1)
FORGOTTEN = timedelta(days=365)
MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, 8, tzinfo=CST)

clocks = Table(
    "clocks",
    core,
    Column("boot", String(36), primary_key=True),
    Column("steady_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
)

_KEEP = (
    "INSERT INTO clocks (boot, steady_ms, wall_ms) VALUES (?, ?, ?) ON CONFLICT (boot) "
    "DO UPDATE SET steady_ms = excluded.steady_ms, wall_ms = excluded.wall_ms"
)
_FORGET = "DELETE FROM clocks WHERE wall_ms < ?"


class ClockFault(StrEnum):
    """Why the clock is not believed."""

    JUMPED = "jumped"
    SET_BACK = "set_back"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a machine said at one moment: its start, the time since, and the time of day."""

    boot: str
    steady: timedelta
    wall: datetime


def fault_of(
    now: Reading, trusted: Collection[Reading], database_time: datetime | None
) -> ClockFault | None:
    """Why a reading is not believed, beside what was believed before; None when it is.

    An hour is forgiven. `database_time` is that of a database server, which may be on another
    machine; None where there is none. That it agrees proves nothing: it may be the same clock.
    """
    if database_time is not None and abs(now.wall - database_time) > HOUR:
        return ClockFault.APART
    own = of_boot(now.boot, trusted)
    if own is not None:
        moved = (now.wall - own.wall) - (now.steady - own.steady)
        return ClockFault.JUMPED if abs(moved) > HOUR else None
    # Of a machine that was just started only this is known; days ahead may be days off.
    set_back = any(one.wall - now.wall > HOUR for one in trusted)
    return ClockFault.SET_BACK if set_back else None


def of_boot(boot: str, trusted: Collection[Reading]) -> Reading | None:
    """What was believed of a machine since its start."""
    return next((one for one in trusted if one.boot == boot), None)


class ClockCheck:
    """Compares a clock with what its service's database knows."""

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

    async def look(self) -> tuple[datetime, ClockFault | None]:
        """The present, and why it is not believed; keeps it for later looks when it is."""
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
        if fault is None and (own is None or now.steady - own.steady >= KEPT_AGAIN):
            self._keep(now)
        return fault

    def _keep(self, now: Reading) -> None:
        row = (now.boot, now.steady // MS, _ms(now.wall))
        with self._database.write_engine.begin() as connection:
            # Processes of one machine share a row.
            send(connection, _KEEP, row)
            send(connection, _FORGET, (_ms(now.wall - FORGOTTEN),))


def _ms(at: datetime) -> int:
    return (at - EPOCH) // MS


def trust_clock(database: Database) -> None:
    """Forget what was believed: every process begins anew with what its machine says now."""
    with database.write_engine.begin() as connection:
        connection.execute(delete(clocks))
