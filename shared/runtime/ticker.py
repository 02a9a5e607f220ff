"""The ticker: hands timers that are due to the writer, once a second.

While the machine's clock is not trusted (`shared/runtime/clock_check.py`), it stops with an alarm;
it goes on by itself once the clock is trusted again.
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
FOLLOWER_CHECK_SECONDS = 600.0
RETRY_AFTER = timedelta(minutes=5)
BATCH_SIZE = 200

log = get_logger(__name__)


@dataclass(slots=True)
class Tick:
    """The timers that are due by an instant, or by now: up to 200 of them."""

    by: datetime | None = None
    size: int = BATCH_SIZE

    def run(self, tx: Transaction, *, isolate: bool) -> int:
        """Call the handlers; returns how many timers were due."""
        tx.caller = None
        connection = tx.connection
        found = due_until(connection, self.by or tx.now, BATCH_SIZE)
        for due in found:
            unschedule(connection, due.kind, [due.key])
            if isolate:
                self._handle_isolated(tx, due)
            else:
                tx.handle(tx.handlers.due[due.kind], due)
        return len(found)

    def _handle_isolated(self, tx: Transaction, due: Due) -> None:
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
            schedule(tx.connection, due.kind, due.key, tx.now + RETRY_AFTER)


class Ticker:
    """Submits the due timers of one service."""

    def __init__(self, writer: Writer, database: Database, check: ClockCheck | None = None) -> None:
        # For any clock fault, not only a jump; named as its gauge is.
        self.stopped_by_jump = False
        self._writer = writer
        self._database = database
        self._clock_check = check or ClockCheck(writer.site.clock, database)

    async def check_clock(self) -> None:
        """Store a reading before the first tick, so that a jump until then is noticed."""
        try:
            await self._clock_check.check()
        except Exception as error:
            if not self._is_passing(error):
                raise

    async def follow(self) -> None:
        """Store readings while another process leads, so that small steps over months do not look
        like one jump when this process takes over."""
        while True:
            await asyncio.sleep(FOLLOWER_CHECK_SECONDS)
            await self.check_clock()

    async def run(self) -> None:
        """Tick once a second on the real clock; ends when cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                try:
                    await self._tick_if_trusted()
                except Exception as error:
                    if not self._is_passing(error):
                        raise
        finally:
            # From here on another process checks the clock.
            self.stopped_by_jump = False

    async def _tick_if_trusted(self) -> None:
        # The tick uses the checked time, as the clock may jump right after the check.
        now, fault = await self._clock_check.check()
        self._set_fault(fault)
        if fault is None:
            await self.tick(now)

    def _is_passing(self, error: Exception) -> bool:
        if not (isinstance(error, Unavailable) or is_transient(error)):
            return False
        log.warning("tick.delayed", service=self._writer.handlers.name, error=str(error))
        return True

    def _set_fault(self, fault: ClockFault | None) -> None:
        """Stop at a clock fault, with one log line, and go on once there is none."""
        if fault is not None and not self.stopped_by_jump:
            log.critical("clock.jumped", service=self._writer.handlers.name, why=fault.value)
        self.stopped_by_jump = fault is not None

    async def tick(self, by: datetime | None = None) -> int:
        """Submit the timers that are due by an instant, or by now; returns how many were."""
        by = by or self._writer.site.clock.now()
        count = 0
        while True:
            at = await self.next_due()
            if at is None or at > by:
                return count
            count += int(await self._writer.submit(Tick(by)))

    async def next_due(self) -> datetime | None:
        """When the earliest timer is due; None without timers."""

        def read() -> datetime | None:
            with self._database.reading() as session:
                return next_due(session.connection())

        return await on_thread(read)
