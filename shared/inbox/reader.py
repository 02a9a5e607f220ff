"""The reader: consumes another service's stream from a checkpoint, without gaps. P1.

The checkpoint is stored in this service's database, by the transaction that applies the events.
When anything but the next event arrives, the reader pulls again from its checkpoint; if that does
not help, it asks the service that owns the stream to verify and rebuild it.
"""

import asyncio

import nats.errors

from shared.backoff import pauses
from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import CheckpointConflict, checkpoint_and_digest
from shared.inbox.entry import Entry
from shared.inbox.verified_stream import (
    PASSING,
    Fault,
    Reopen,
    VerifiedStream,
    stream_state,
    verified_stream,
)
from shared.logs import get_logger
from shared.nats.connection import Bus
from shared.outbox.control import Found, HeadRequest, RebuildRequest, ask_head, ask_rebuild
from shared.outbox.verification import digest_of
from shared.writer.writer import Writer

QUIET_SECONDS = 2.0
# More events than this in one batch are a flood: the reader then waits longer for larger batches.
FLOOD = 16
MISMATCH = "an envelope does not match its number"

log = get_logger(__name__)


class CheckpointNotInLog(Exception):
    """This service applied events that its source's log lacks: a database was restored alone."""


class Reader:
    """Reads one source's stream for one service, as a task on the event loop."""

    def __init__(self, source: str, writer: Writer, database: Database, bus: Bus) -> None:
        self.source = source
        self.service = writer.handlers.name
        self.stream = source.upper()
        self.checkpoint = 0
        # The checkpoint in the database; lower while this service handles none of the events.
        self._stored = 0
        # The digest of the event at the checkpoint, and when the stream last seen was created.
        self._digest: str | None = None
        self._created: str | None = None
        self._linger = self._current_linger = writer.handlers.linger_seconds
        self._handled_types = frozenset(model.type for model in writer.handlers.consumes)
        self.beyond_retention = False
        self.caught_up = False
        self.head_known = False
        self._writer = writer
        self._database = database
        self._room = database.room
        self._bus = bus
        # The sequence missing last; if it is missing again from a new consumer, it is a gap.
        self._last_gap = 0

    async def run(self) -> None:
        """Read until cancelled; raises CheckpointNotInLog."""
        delays = pauses()
        while True:
            start = self.checkpoint
            try:
                await self._read_checkpoint()
                await self._follow()
            except Exception as error:
                if not (isinstance(error, (*PASSING, CheckpointConflict)) or is_transient(error)):
                    raise
                log.info("reader.retry", service=self.service, source=self.source, why=repr(error))
                delays = pauses() if self.checkpoint > start else delays
                await asyncio.sleep(next(delays))

    async def _read_checkpoint(self) -> None:
        def read() -> tuple[int, str | None]:
            with self._database.reading() as session:
                return checkpoint_and_digest(session.connection(), self.source)

        self._stored, self._digest = await on_thread(read)
        self.checkpoint = self._stored
        await self._compare_with_log()

    async def _compare_with_log(self) -> None:
        """Raises CheckpointNotInLog; a source that does not answer is asked again later."""
        if self.head_known:
            return
        request = HeadRequest(sequence=self.checkpoint, digest=self._digest)
        try:
            answer = await ask_head(self._bus, self.source, request)
        except (nats.errors.Error, TimeoutError):
            return
        head = answer.head
        if self.checkpoint > head or answer.differs:
            raise CheckpointNotInLog(
                f"{self.service} has applied {self.checkpoint} events of {self.source}, whose log "
                f"{'holds another there' if self.checkpoint <= head else f'ends at {head}'}: the "
                "databases are of different moments; restore all of one backup; "
                "`bulwark doctor` says how"
            )
        self.head_known = True

    def _report_beyond_retention(self, beyond_retention: bool) -> None:
        if beyond_retention and not self.beyond_retention:
            log.critical(
                "reader.beyond_retention",
                service=self.service,
                source=self.source,
                checkpoint=self.checkpoint,
                advice=f"bulwark refill {self.source} --from {self.checkpoint + 1}",
            )
        self.beyond_retention = beyond_retention

    async def _follow(self) -> None:
        await self._probe_stream()
        if self.beyond_retention:
            await asyncio.sleep(QUIET_SECONDS / 2)
            return
        pull_limit = 2 * self._room.events_at_once
        async with verified_stream(self._bus, self.source, self.checkpoint, pull_limit) as stream:
            while True:
                await self._step(stream)

    async def _probe_stream(self) -> int:
        """Compare the checkpoint with the stream's range; returns the stream's last sequence."""
        state = await stream_state(self._bus, self.source)
        self._report_beyond_retention(state.first > self.checkpoint + 1)
        self.caught_up = self.caught_up or (
            not self.beyond_retention and state.last <= self.checkpoint
        )
        if state.last < self.checkpoint or state.created != self._created:
            # The stream is being rebuilt, or the log was restored: the owner's head shows which.
            self.head_known = False
        self._created = state.created
        await self._compare_with_log()
        return state.last

    async def _step(self, stream: VerifiedStream) -> None:
        """Apply the next batch of events, then handle the fault that ended it, if any."""
        entries, fault = await self._gather(stream)
        if entries:
            await self._apply(entries)
            if not stream.waiting and not self.caught_up:
                await self._probe_stream()
        if fault is not None:
            await self._handle_fault(fault)

    async def _apply(self, entries: list[Entry]) -> None:
        await self._writer.site.priority.wait()
        digest = digest_of(entries[-1].document)
        # No handler takes these events, so skipping them again after a crash changes nothing.
        if (
            not self._any_handled(entries)
            and self.checkpoint - self._stored < self._room.events_at_once
        ):
            self.checkpoint = entries[-1].sequence
        else:
            await self._store(entries, digest)
        self._digest = digest

    def _any_handled(self, entries: list[Entry]) -> bool:
        return any(
            entry.envelope is None or entry.envelope.get("type") in self._handled_types
            for entry in entries
        )

    async def _store(self, entries: list[Entry], digest: str | None) -> None:
        """Apply events and store the checkpoint after them; without events, store it as it is."""
        last = entries[-1].sequence if entries else self.checkpoint
        batch = Batch(self.source, self._stored, entries, last, digest)
        self._stored = await self._writer.submit(batch)
        self.checkpoint = self._stored

    async def _gather(self, stream: VerifiedStream) -> tuple[list[Entry], Fault | None]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_SECONDS
        while True:
            limit = self._room.events_at_once
            entries, fault = await stream.take(self.checkpoint, limit, self._current_linger)
            if fault is not None:
                return entries, fault
            flood = len(entries) > FLOOD
            self._current_linger = self._linger + self._room.flood_linger_seconds * flood
            if entries:
                return entries, None
            if loop.time() > deadline:
                await self._check_quiet_stream()
                return [], None

    async def _handle_fault(self, fault: Fault) -> None:
        if fault.gap:
            await self._handle_gap(self.checkpoint + 1)
        if fault.mismatch is None:
            raise Reopen(fault.why)
        await self._handle_mismatch(fault, fault.mismatch)

    async def _handle_gap(self, sequence: int) -> None:
        state = await self._bus.stream(self.stream)
        if state is not None and state.first > sequence:
            raise Reopen("the stream begins after the next event")
        if self._last_gap == sequence and state is not None:
            await self._ask_rebuild(sequence, "a gap", state.created)
        self._last_gap = sequence
        raise Reopen(f"{sequence} is missing")

    async def _handle_mismatch(self, fault: Fault, entry: Entry) -> None:
        """Ask the owner to rebuild the stream. If its log holds the same faulty event, the event is
        dead-lettered, so that the events after it can be applied."""
        state = await stream_state(self._bus, self.source)
        if not await self._ask_rebuild(entry.sequence, MISMATCH, state.created, fault.found):
            raise Reopen(MISMATCH)
        if entry.sequence == self.checkpoint + 1:
            await self._apply([entry])

    async def _check_quiet_stream(self) -> None:
        """After two seconds without an event, check that the stream holds none we did not get."""
        if self.checkpoint > self._stored:
            await self._store([], self._digest)
        last = await self._probe_stream()
        if self.beyond_retention:
            raise Reopen("beyond retention")
        if last > self.checkpoint:
            await self._handle_gap(self.checkpoint + 1)

    async def _ask_rebuild(
        self, sequence: int, why: str, created: str, found: Found | None = None
    ) -> bool:
        """Ask the owner to rebuild the stream; True if its log holds what was found."""
        log.critical(
            "reader.stream_damaged",
            service=self.service,
            source=self.source,
            sequence=sequence,
            why=why,
        )
        first = min(sequence, self.checkpoint + 1)
        request = RebuildRequest(created=created, sequence=first, found=found)
        return (await ask_rebuild(self._bus, self.source, request)).logged
