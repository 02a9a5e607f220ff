"""The relay: keeps a service's stream an exact copy of its log.

The message at sequence N of the stream is the event at sequence N of the log. The relay has no
state of its own: it asks where the stream ends and publishes what follows, guarded by the stream's
last sequence. After a rejection, a lost ack, a crash, a second relay or a wiped store it verifies
the stream and goes on.
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
from shared.outbox.publisher import BATCH, Batch, Publisher, UnexpectedAck
from shared.outbox.verification import DATABASE_OLDER, StreamCheck
from shared.priority import PublishPriority
from shared.writer import log as event_log
from shared.writer.log import Row

VERIFY_SECONDS = 2.0
RETRY_SECONDS = 0.2
SECOND_TRY_SECONDS = 0.1
MAX_ROWS_IN_MEMORY = 8192
# Only one order over many communities commits more rows than this at once.
LARGE_COMMIT = 512

log = get_logger(__name__)


class RowMissing(Exception):
    """A row of the log is missing, so that no stream can be a copy of it."""


class Relay:
    """Publishes one service's log; a loop on the event loop, woken by `wake`.

    `older` is called with whether the database is older than the stream, after each verification.
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
        self._on_older = older
        self._priority = priority or PublishPriority()
        # Set once the log is known not to be older than the stream. Readers wait for it, as they
        # write to the log without being asked.
        self.compared = asyncio.Event()
        self._woken = asyncio.Event()
        # Committed rows that are not published yet, to spare reading them from the log.
        self._recent: deque[Row] = deque()
        # The log's head as this process knows it; None when it must be read from the log.
        self._head: int | None = None
        # How often another process reported a commit.
        self._wakes = 0
        # The stream's last sequence; None when the stream must be verified first.
        self._last: int | None = None
        self._verified_at = 0.0
        self._requested: RebuildRequest | None = None
        # When the stream was created that the database is older than.
        self._older_than: str | None = None
        self._control = ControlSubjects(
            service, bus, self._check, wake=self._woken_by_another, rebuild=self._on_request
        )

    @property
    def database_is_older(self) -> bool:
        """Whether the stream holds events that the database never wrote: a person must act."""
        return self._older_than is not None

    def wake(self, rows: Sequence[Row] = ()) -> None:
        """Publish what was committed; with the rows given they need not be read from the log."""
        if len(self._recent) > MAX_ROWS_IN_MEMORY:
            # The broker is away, and the log has the rows too.
            self._recent.clear()
        self._recent.extend(rows)
        # An unknown head stays unknown: another process may already have reported a later commit.
        self._head = rows[-1].sequence if rows and self._head is not None else None
        if len(rows) > LARGE_COMMIT:
            self._priority.acquire(self.service)
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled; may be called again."""
        self._last = self._head = None
        self._recent.clear()
        self.compared.clear()
        try:
            await self._publish()
        finally:
            await self._control.end()

    async def follow(self) -> None:
        """While another process leads: report whether the database is older, and change nothing."""
        while True:
            try:
                await self._compare()
            except Exception as error:
                if not (isinstance(error, BROKER_ERRORS) or is_transient(error)):
                    raise
                log.info("relay.not_compared", service=self.service, error=repr(error))
            await asyncio.sleep(VERIFY_SECONDS)

    async def _compare(self) -> None:
        state = await self._bus.stream(self.stream)
        if state is None or (fault := await self._check.fault(state)) is None:
            self._report_older(None)
        elif fault == DATABASE_OLDER:
            self._report_older(state.created)
        # Any other fault says nothing about the database, and the leader repairs it.

    async def _publish(self) -> None:
        while True:
            try:
                await self._control.begin()
                try:
                    await self._round()
                finally:
                    self._priority.release(self.service)
            except Exception as error:
                if not (isinstance(error, (*BROKER_ERRORS, UnexpectedAck)) or is_transient(error)):
                    raise
                self._last = None
                metrics.RELAY_ERRORS.labels(self.service).inc()
                log.warning("relay.retry", service=self.service, error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                await self._wait()

    async def _wait(self) -> None:
        if self.database_is_older:
            await asyncio.sleep(VERIFY_SECONDS)
            return
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(VERIFY_SECONDS):
                await self._woken.wait()
        self._woken.clear()

    async def _round(self) -> None:
        """Publish until the stream ends where the log does."""
        while True:
            # Also under load, so that a damaged store is noticed without a quiet moment.
            if self._last is None or self._is_verification_due():
                self._last, self._head = await self._verify(), None
                self._verified_at = asyncio.get_running_loop().time()
            if self._last is None:
                self._requested = None
                return
            if self._requested is not None:
                await self._rebuild_as_requested(self._requested)
                continue
            batch = await self._begin(self._last + 1)
            if batch is None:
                return
            while batch is not None:
                batch = await self._commit(batch)

    def _is_verification_due(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._requested is not None or now - self._verified_at >= VERIFY_SECONDS

    def _set_last(self, last: int) -> None:
        self._last = self.published = last

    async def _rows(self, sequence: int) -> list[Row]:
        recent = self._recent_rows(sequence)
        if recent or self._ends_before(sequence):
            return recent
        wakes = self._wakes
        rows = await on_thread(self._read_log, sequence)
        # After a wake, another process may have committed rows that this read did not see.
        if len(rows) < BATCH and wakes == self._wakes:
            self._head = max(self._head or 0, rows[-1].sequence if rows else sequence - 1)
        return rows

    def _recent_rows(self, sequence: int) -> list[Row]:
        while self._recent and self._recent[0].sequence < sequence:
            self._recent.popleft()
        rows: list[Row] = []
        # Only consecutive rows: those of another process may lie between two of our commits.
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
                "database was changed manually or is damaged; restore a backup"
            )
        return rows

    async def _commit(self, batch: Batch) -> Batch | None:
        """Commit a batch; while the server stores it, begin the next one, if any, and return that.

        One batch is committed at a time, so that after a failure the next one is never committed.
        """
        following = batch.last.sequence + 1
        if self._is_verification_due() or self._ends_before(following):
            self._set_last(await self._publisher.commit(batch))
            return None
        committing = asyncio.ensure_future(self._publisher.commit(batch))
        # Let its message be sent before the loop is busy with the next batch.
        await asyncio.sleep(0)
        stored, begun = await asyncio.gather(
            committing, self._begin(following), return_exceptions=True
        )
        if isinstance(stored, BaseException):
            raise stored
        self._set_last(stored)
        if isinstance(begun, BaseException):
            raise begun
        return begun

    async def _begin(self, sequence: int) -> Batch | None:
        rows = await self._rows(sequence)
        return await self._publisher.begin(rows) if rows else None

    def _ends_before(self, sequence: int) -> bool:
        return self._head is not None and self._head < sequence

    async def _verify(self) -> int | None:
        """The stream's last sequence, once it is a copy of the log; None while a person must act.

        A stream that is missing or not a copy is created or rebuilt.
        """
        for try_again in (True, False):
            state = await self._bus.stream(self.stream)
            if state is None:
                return await self._create(self._requested.sequence if self._requested else None)
            fault = await self._check.fault(state)
            if fault is None:
                self._report_older(None)
                await self._maker.agree(state)
                self._set_last(state.last)
                return state.last
            if try_again:
                # A replicated stream may report a wrong state while it elects its leader.
                await asyncio.sleep(SECOND_TRY_SECONDS)
                continue
            # A database found older than this stream stays so, even when its log outgrows it.
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
        self._on_older(than is not None)

    async def _rebuild(self, first: int | None) -> int:
        await self._maker.remove()
        return await self._create(first)

    async def _create(self, wanted: int | None) -> int:
        """Create the stream so that its numbers match the log's; returns its last sequence."""
        first = await on_thread(self._check.first_number, wanted)
        await self._maker.make(first)
        self._report_older(None)
        self._set_last(first - 1)
        return first - 1

    def _woken_by_another(self) -> None:
        self._wakes += 1
        self._head = None
        self._woken.set()

    async def _on_request(self, request: RebuildRequest) -> bool:
        """Accept a rebuild request, which the next round carries out; returns whether it did.

        It is rejected when the stream was created after it, or the database is older than the
        stream.
        """
        if self.database_is_older or not await self._concerns_stream(request):
            return False
        self._requested = request.merged_with(self._requested)
        self._last = None
        self._woken.set()
        return True

    async def _concerns_stream(self, request: RebuildRequest) -> bool:
        state = await self._bus.stream(self.stream)
        return state is None or request.created in (None, state.created)

    async def _rebuild_as_requested(self, request: RebuildRequest) -> None:
        if await self._concerns_stream(request):
            log.critical("relay.rebuild", service=self.service, sequence=request.sequence)
            self._last = await self._rebuild(request.sequence)
        if self._requested is request:
            self._requested = None
