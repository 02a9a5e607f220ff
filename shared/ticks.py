"""Ticks: hand due rows to the writer when their time has come.

When the wall clock jumps by more than an hour against the steady one, ticks stop and an alarm
says so: a wrong clock must not close a fortnight's observations.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from shared import counting
from shared.clock import Clock
from shared.db import Database, is_transient, on_thread
from shared.schedule import Due, due_until, next_due, schedule, unschedule
from shared.transaction import Tx
from shared.writer import Unavailable, Writer

TICK_SECONDS = 1.0
JUMP = timedelta(hours=1)
TRY_AGAIN = timedelta(minutes=5)
AT_ONCE = 200

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Tick:
    """Everything that is due by an instant, by now when none is said; two hundred at a time."""

    by: datetime | None = None
    weight: int = AT_ONCE

    def run(self, tx: Tx, *, careful: bool) -> int:
        """Call the handlers; returns how many were due."""
        tx.caller = None
        connection = tx.connection
        found = due_until(connection, self.by or tx.now, AT_ONCE)
        for due in found:
            unschedule(connection, due.kind, [due.key])
            if careful:
                self._one(tx, due)
            else:
                tx.handle(tx.service.due[due.kind], due)
        return len(found)

    def _one(self, tx: Tx, due: Due) -> None:
        try:
            with tx.savepoint():
                tx.handle(tx.service.due[due.kind], due)
        except Exception as error:
            if is_transient(error):
                raise
            handler = tx.service.due.get(due.kind)
            if handler is not None:
                tx.afterwards(partial(counting.failed, tx.service.name, handler))
            log.exception("due.failed", service=tx.service.name, kind=due.kind, key=due.key)
            schedule(tx.connection, due.kind, due.key, tx.now + TRY_AGAIN)


def steady_seconds() -> float:
    """A count of seconds that nobody sets, and that goes on while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class ClockWatch:
    """Compares the wall clock with the steady one."""

    def __init__(self, clock: Clock, steady: Callable[[], float] = steady_seconds) -> None:
        self._count = steady
        self._wall = clock.now()
        self._steady = steady()

    def jumped(self, now: datetime) -> bool:
        """Whether the wall clock has moved by more than an hour against the steady one."""
        steady = timedelta(seconds=self._count() - self._steady)
        return abs(now - self._wall - steady) > JUMP


class Ticker:
    """The tick of one service."""

    def __init__(self, writer: Writer, database: Database) -> None:
        self.stopped_by_jump = False
        self._writer = writer
        self._database = database

    async def run(self) -> None:
        """Tick for ever on the real clock; ends when cancelled."""
        watch = ClockWatch(self._writer.site.clock)
        while True:
            await asyncio.sleep(TICK_SECONDS)
            # The clock may jump right behind this look: nothing is due by what it says then.
            now = self._writer.site.clock.now()
            self._stand(watch.jumped(now))
            if self.stopped_by_jump:
                continue
            try:
                await self.tick(now)
            except Exception as error:
                if not (isinstance(error, Unavailable) or is_transient(error)):
                    raise
                log.warning("tick.later", service=self._writer.service.name, error=str(error))

    def _stand(self, jumped: bool) -> None:
        """Stop after a jump, and go on once the clock was set right."""
        if jumped and not self.stopped_by_jump:
            log.critical("clock.jumped", service=self._writer.service.name)
        self.stopped_by_jump = jumped

    async def tick(self, by: datetime | None = None) -> int:
        """Hand over what is due by an instant, by now when none is said; returns how many."""
        by = by or self._writer.site.clock.now()
        count = 0
        while True:
            at = await self.next_due()
            if at is None or at > by:
                return count
            count += int(await self._writer.submit(Tick(by)))

    async def next_due(self) -> datetime | None:
        """The earliest instant at which something is due."""

        def look() -> datetime | None:
            with self._database.reading() as session:
                return next_due(session.connection())

        return await on_thread(look)
