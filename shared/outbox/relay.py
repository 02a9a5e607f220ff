"""The relay: keeps a service's stream an exact copy of its log.

The message at sequence N of the stream is the event at sequence N of the log. The relay remembers
nothing: it looks where the stream ends and publishes what follows, guarded by the stream's own
last sequence. A refusal, a lost ack, a crash, a second relay, a wiped store: look, and go on.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.logs import get_logger
from shared.metrics import names as metrics
from shared.nats.connection import Bus
from shared.nats.stream import StreamMaker, StreamSettings
from shared.outbox.control import BROKER_ERRORS, ControlSubjects, RebuildRequest
from shared.outbox.publisher import BATCH, Batch, OutOfStep, Publisher
from shared.outbox.verification import DATABASE_OLDER, StreamCheck
from shared.priority import PublishPriority
from shared.writer import log as event_log
from shared.writer.log import Row

CHECK_SECONDS = 2.0
AGAIN_SECONDS = 0.2
SECOND_LOOK_SECONDS = 0.1
KEPT_IN_MEMORY = 8192
# More rows than come of small changes: one order over many communities made them all.
MUCH = 512

log = get_logger(__name__)


class RowMissing(Exception):
    """The log has a gap: no stream can be its copy."""


class Relay:
    """Publishes one service's log; a loop on the event loop, woken by `wake`.

    `older` hears whether the database is found to be older than the stream.
    """

    def __init__(
        self,
        service: str,
        database: Database,
        bus: Bus,
        settings: StreamSettings | None = None,
        *,
        older: Callable[[bool], None] = lambda _older: None,
        priority: PublishPriority | None = None,
    ) -> None:
        self.service = service
        self.stream = service.upper()
        self.published = 0
        self._database = database
        self._bus = bus
        settings = settings or StreamSettings()
        self._publisher = Publisher(bus, self.stream)
        self._maker = StreamMaker(service, bus, settings)
        self._check = StreamCheck(service, database, bus, settings.max_age_seconds)
        self._tell_older = older
        self._priority = priority or PublishPriority()
        # Set once the log is known to be no older than the stream: who writes to the log of
        # itself, as readers do, waits for it.
        self.compared = asyncio.Event()
        self._woken = asyncio.Event()
        self._recent: deque[Row] = deque()
        # Where the log ends, as far as this process was told; None when only the log knows.
        self._head: int | None = None
        # How often another process said that it committed.
        self._wakes = 0
        self._last: int | None = None
        self._looked_at = 0.0
        self._requested: RebuildRequest | None = None
        # The birth of the stream that the database is older than.
        self._older_than: str | None = None
        self._control = ControlSubjects(
            service, bus, self._check, wake=self._woken_by_another, rebuild=self._rebuild_soon
        )

    @property
    def database_is_older(self) -> bool:
        """Whether the stream holds events that the database never wrote: a person must act."""
        return self._older_than is not None

    def wake(self, rows: Sequence[Row] = ()) -> None:
        """Something was committed; the rows themselves spare a look into the log."""
        if len(self._recent) > KEPT_IN_MEMORY:
            # The broker is away: what is kept would only grow, and the log has it.
            self._recent.clear()
        self._recent.extend(rows)
        # Unknown stays unknown: another process may have told of a later commit before this came.
        self._head = rows[-1].sequence if rows and self._head is not None else None
        if len(rows) > MUCH:
            self._priority.claim(self.service)
        self._woken.set()

    async def run(self) -> None:
        """Publish for ever; ends when cancelled, and may begin again."""
        self._last = self._head = None
        self._recent.clear()
        self.compared.clear()
        try:
            await self._publish()
        finally:
            await self._control.end()

    async def follow(self) -> None:
        """While another process publishes: tell whether the database is older, change nothing."""
        while True:
            try:
                await self._compare()
            except Exception as error:
                if not (isinstance(error, BROKER_ERRORS) or is_transient(error)):
                    raise
                log.info("relay.not_compared", service=self.service, error=repr(error))
            await asyncio.sleep(CHECK_SECONDS)

    async def _compare(self) -> None:
        state = await self._bus.stream(self.stream)
        if state is None or (fault := await self._check.fault(state)) is None:
            self._report_older(None)
        elif fault == DATABASE_OLDER:
            self._report_older(state.created)
        # Whatever else is wrong with it says nothing of the log: who publishes mends it.

    async def _publish(self) -> None:
        while True:
            try:
                await self._control.begin()
                try:
                    await self._round()
                finally:
                    self._priority.release(self.service)
            except Exception as error:
                if not (isinstance(error, (*BROKER_ERRORS, OutOfStep)) or is_transient(error)):
                    raise
                self._last = None
                metrics.RELAY_ERRORS.labels(self.service).inc()
                log.warning("relay.retry", service=self.service, error=repr(error))
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                await self._rest()

    async def _rest(self) -> None:
        if self.database_is_older:
            await asyncio.sleep(CHECK_SECONDS)
            return
        # Not wait_for: before Python 3.12 it loses a cancellation that meets what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                await self._woken.wait()
        self._woken.clear()

    async def _round(self) -> None:
        """Publish until the stream ends where the log does."""
        while True:
            # Under load as at rest: a damaged store must not wait for a quiet moment to be seen.
            if self._last is None or self._is_look_due():
                self._last, self._head = await self._look(), None
                self._looked_at = asyncio.get_running_loop().time()
            if self._last is None:
                self._requested = None
                return
            if self._requested is not None:
                await self._rebuild_as_asked(self._requested)
                continue
            batch = await self._begin(self._last + 1)
            if batch is None:
                return
            while batch is not None:
                batch = await self._decide(batch)

    def _is_look_due(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._requested is not None or now - self._looked_at >= CHECK_SECONDS

    def _stands_at(self, last: int) -> None:
        self._last = self.published = last

    async def _rows(self, sequence: int) -> list[Row]:
        kept = self._rows_kept(sequence)
        if kept or self._ends_before(sequence):
            return kept
        wakes = self._wakes
        rows = await on_thread(self._read_log, sequence)
        # What another process committed after the read began may not be among them.
        if len(rows) < BATCH and wakes == self._wakes:
            self._head = max(self._head or 0, rows[-1].sequence if rows else sequence - 1)
        return rows

    def _rows_kept(self, sequence: int) -> list[Row]:
        while self._recent and self._recent[0].sequence < sequence:
            self._recent.popleft()
        rows: list[Row] = []
        # Between two of our commits another replica's may stand: only what follows on is taken.
        while self._recent and len(rows) < BATCH:
            if self._recent[0].sequence != sequence + len(rows):
                break
            rows.append(self._recent.popleft())
        return rows

    def _read_log(self, sequence: int) -> list[Row]:
        with self._database.reading() as session:
            rows = event_log.rows_from(session.connection(), sequence, BATCH)
        if rows and rows[-1].sequence != sequence + len(rows) - 1:
            raise RowMissing(
                f"the log of {self.service} lacks a row of {sequence} to {rows[-1].sequence}: its "
                "database was changed by hand or is damaged; restore a backup"
            )
        return rows

    async def _decide(self, batch: Batch) -> Batch | None:
        """Send the row that decides; while the server stores it, begin what follows, if any.

        One batch is decided at a time: when this one fails, nobody decides the one that follows.
        """
        following = batch.last.sequence + 1
        if self._is_look_due() or self._ends_before(following):
            self._stands_at(await self._publisher.decide(batch))
            return None
        deciding = asyncio.ensure_future(self._publisher.decide(batch))
        # It must be on its way before the loop is busy with the next.
        await asyncio.sleep(0)
        stored, begun = await asyncio.gather(
            deciding, self._begin(following), return_exceptions=True
        )
        if isinstance(stored, BaseException):
            raise stored
        self._stands_at(stored)
        if isinstance(begun, BaseException):
            raise begun
        return begun

    async def _begin(self, sequence: int) -> Batch | None:
        rows = await self._rows(sequence)
        return await self._publisher.begin(rows) if rows else None

    def _ends_before(self, sequence: int) -> bool:
        return self._head is not None and self._head < sequence

    async def _look(self) -> int | None:
        """Where the stream ends, once it is known to be a copy; None while a person must act."""
        for once_more in (True, False):
            state = await self._bus.stream(self.stream)
            if state is None:
                return await self._create(self._requested.sequence if self._requested else None)
            fault = await self._check.fault(state)
            if fault is None:
                self._report_older(None)
                await self._maker.agree(state)
                self._stands_at(state.last)
                return state.last
            if once_more:
                # A replicated stream may look odd for a moment while it chooses its leader.
                await asyncio.sleep(SECOND_LOOK_SECONDS)
                continue
            # What was found older once stays so: nothing is changed by a log that grows past it.
            if fault == DATABASE_OLDER or self._older_than == state.created:
                self._report_older(state.created)
                return None
            log.critical("relay.stream_bad", service=self.service, fault=fault)
        return await self._rebuild(None)

    def _report_older(self, than: str | None) -> None:
        if than is not None and self._older_than is None:
            log.critical(
                "relay.database_older_than_stream",
                service=self.service,
                advice="put the newer database back, or do what `bulwark doctor` says",
            )
        self._older_than = than
        if than is None:
            self.compared.set()
        self._tell_older(than is not None)

    async def _rebuild(self, first: int | None) -> int:
        await self._maker.remove()
        return await self._create(first)

    async def _create(self, wanted: int | None) -> int:
        """Make the stream so that its numbers line up with the log's; returns where it ends."""
        first = await on_thread(self._check.first_number, wanted)
        await self._maker.make(first)
        self._report_older(None)
        self._stands_at(first - 1)
        return first - 1

    def _woken_by_another(self) -> None:
        self._wakes += 1
        self._head = None
        self._woken.set()

    async def _rebuild_soon(self, request: RebuildRequest) -> bool:
        """Take a request; not for a stream made since, or that the database is older than."""
        if self.database_is_older or not await self._concerns(request):
            return False
        self._requested = request.merged_with(self._requested)
        self._last = None
        self._woken.set()
        return True

    async def _concerns(self, request: RebuildRequest) -> bool:
        state = await self._bus.stream(self.stream)
        return state is None or request.created in (None, state.created)

    async def _rebuild_as_asked(self, request: RebuildRequest) -> None:
        if await self._concerns(request):
            log.critical("relay.rebuild", service=self.service, sequence=request.sequence)
            self._last = await self._rebuild(request.sequence)
        if self._requested is request:
            self._requested = None
