"""Ticks: hand due rows to the writer when their time has come.

While the machine's clock is not believed (`shared/runtime/clock_check.py`), ticks stop and an alarm
says so; they go on by themselves once it is.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.exceptions import Unavailable
from shared.logs import get_logger
from shared.metrics import counters as counting
from shared.runtime.clock_check import ClockCheck, ClockFault
from shared.writer.timers import Due, due_until, next_due, schedule, unschedule
from shared.writer.transaction import Transaction
from shared.writer.writer import Writer

TICK_SECONDS = 1.0
STAND_BY_SECONDS = 600.0
TRY_AGAIN = timedelta(minutes=5)
AT_ONCE = 200

log = get_logger(__name__)


@dataclass(slots=True)
class Tick:
    """Everything that is due by an instant, by now when none is said; two hundred at a time."""

    by: datetime | None = None
    size: int = AT_ONCE

    def run(self, tx: Transaction, *, isolate: bool) -> int:
        """Call the handlers; returns how many were due."""
        tx.caller = None
        connection = tx.connection
        found = due_until(connection, self.by or tx.now, AT_ONCE)
        for due in found:
            unschedule(connection, due.kind, [due.key])
            if isolate:
                self._one(tx, due)
            else:
                tx.handle(tx.handlers.due[due.kind], due)
        return len(found)

    def _one(self, tx: Transaction, due: Due) -> None:
        try:
            with tx.savepoint():
                tx.handle(tx.handlers.due[due.kind], due)
        except Exception as error:
            if is_transient(error):
                raise
            handler = tx.handlers.due.get(due.kind)
            if handler is not None:
                tx.on_commit(partial(counting.failed, tx.handlers.name, handler))
            log.exception("due.failed", service=tx.handlers.name, kind=due.kind, key=due.key)
            schedule(tx.connection, due.kind, due.key, tx.now + TRY_AGAIN)


class Ticker:
    """The tick of one service."""

    def __init__(self, writer: Writer, database: Database, watch: ClockCheck | None = None) -> None:
        # Whatever makes the clock doubtful; named as its gauge is.
        self.stopped_by_jump = False
        self._writer = writer
        self._database = database
        self._watch = watch or ClockCheck(writer.site.clock, database)

    async def begin(self) -> None:
        """Look at the clock at the process's start: a jump before it first ticks is seen later."""
        try:
            await self._watch.look()
        except Exception as error:
            if not self._passes(error):
                raise

    async def follow(self) -> None:
        """Believe the clock anew while another process ticks: small steps of months are not to be
        one jump when this one takes over."""
        while True:
            await asyncio.sleep(STAND_BY_SECONDS)
            await self.begin()

    async def run(self) -> None:
        """Tick for ever on the real clock; ends when cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                try:
                    await self._tick_if_trusted()
                except Exception as error:
                    if not self._passes(error):
                        raise
        finally:
            # Another process looks at the clock from here on.
            self.stopped_by_jump = False

    async def _tick_if_trusted(self) -> None:
        # The clock may jump right behind this look: nothing is due by what it says then.
        now, fault = await self._watch.look()
        self._stand(fault)
        if fault is None:
            await self.tick(now)

    def _passes(self, error: Exception) -> bool:
        if not (isinstance(error, Unavailable) or is_transient(error)):
            return False
        log.warning("tick.delayed", service=self._writer.handlers.name, error=str(error))
        return True

    def _stand(self, fault: ClockFault | None) -> None:
        """Stop at a doubt, and go on once there is none."""
        if fault is not None and not self.stopped_by_jump:
            log.critical("clock.jumped", service=self._writer.handlers.name, why=fault.value)
        self.stopped_by_jump = fault is not None

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
