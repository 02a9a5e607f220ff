"""The reader: takes another service's stream from this service's own place, without holes. P1.

The place lives in this service's database and moves in the transaction that applies the events.
Whatever comes in place of the next event makes the reader look again, and at last tell the owner.
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
# More than so many at once are a flood.
FLOOD = 16
MISMATCH = "an envelope does not match its number"

log = get_logger(__name__)


class CheckpointNotInLog(Exception):
    """This service has applied what its source never wrote: databases of different moments."""


class Reader:
    """Follows one source for one service; a loop on the event loop."""

    def __init__(self, source: str, writer: Writer, database: Database, bus: Bus) -> None:
        self.source = source
        self.service = writer.handlers.name
        self.stream = source.upper()
        self.checkpoint = 0
        # What the database says; behind the place while what passes concerns nobody here.
        self._stored = 0
        # Of the event at the place; and the birth of the stream that was seen last.
        self._digest: str | None = None
        self._created: str | None = None
        self._linger = self._lingers = writer.handlers.linger_seconds
        self._heard = frozenset(model.type for model in writer.handlers.consumes)
        self.beyond_retention = False
        self.caught_up = False
        self.head_known = False
        self._writer = writer
        self._database = database
        self._room = database.room
        self._bus = bus
        # The number that was missing last: one that is missing again after a re-opening is a hole.
        self._missed = 0

    async def run(self) -> None:
        """Read for ever; ends when cancelled, or with PlaceNotInLog."""
        waits = pauses()
        while True:
            began = self.checkpoint
            try:
                await self._read_checkpoint()
                await self._follow()
            except Exception as error:
                if not (isinstance(error, (*PASSING, CheckpointConflict)) or is_transient(error)):
                    raise
                log.info("reader.retry", service=self.service, source=self.source, why=repr(error))
                waits = pauses() if self.checkpoint > began else waits
                await asyncio.sleep(next(waits))

    async def _read_checkpoint(self) -> None:
        def read() -> tuple[int, str | None]:
            with self._database.reading() as session:
                return checkpoint_and_digest(session.connection(), self.source)

        self._stored, self._digest = await on_thread(read)
        self.checkpoint = self._stored
        await self._compare_with_log()

    async def _compare_with_log(self) -> None:
        """Raises PlaceNotInLog; a source that does not answer yet is asked again later."""
        if self.head_known:
            return
        asked = HeadRequest(sequence=self.checkpoint, digest=self._digest)
        try:
            said = await ask_head(self._bus, self.source, asked)
        except (nats.errors.Error, TimeoutError):
            return
        head = said.head
        if self.checkpoint > head or said.differs:
            raise CheckpointNotInLog(
                f"{self.service} has applied {self.checkpoint} events of {self.source}, whose log "
                f"{'holds another there' if self.checkpoint <= head else f'ends at {head}'}: the "
                "databases are of different moments; restore all of one backup; "
                "`bulwark doctor` says how"
            )
        self.head_known = True

    def _report_beyond_retention(self, behind: bool) -> None:
        if behind and not self.beyond_retention:
            log.critical(
                "reader.beyond_retention",
                service=self.service,
                source=self.source,
                place=self.checkpoint,
                advice=f"bulwark refill {self.source} --from {self.checkpoint + 1}",
            )
        self.beyond_retention = behind

    async def _follow(self) -> None:
        await self._probe_stream()
        if self.beyond_retention:
            await asyncio.sleep(QUIET_SECONDS / 2)
            return
        most_pull = 2 * self._room.events_at_once
        async with verified_stream(self._bus, self.source, self.checkpoint, most_pull) as stream:
            while True:
                await self._step(stream)

    async def _probe_stream(self) -> int:
        """Compare the place with what the stream spans; returns where the stream ends."""
        state = await stream_state(self._bus, self.source)
        self._report_beyond_retention(state.first > self.checkpoint + 1)
        self.caught_up = self.caught_up or (
            not self.beyond_retention and state.last <= self.checkpoint
        )
        if state.last < self.checkpoint or state.created != self._created:
            # It is being filled again, or the log itself has gone back: its owner tells which.
            self.head_known = False
        self._created = state.created
        await self._compare_with_log()
        return state.last

    async def _step(self, stream: VerifiedStream) -> None:
        """Wait for something, take all there is, apply it; then face what was not an event."""
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
        # Nobody here handles these: to pass them over again after a crash changes nothing.
        if (
            not self._concern(entries)
            and self.checkpoint - self._stored < self._room.events_at_once
        ):
            self.checkpoint = entries[-1].sequence
        else:
            await self._store(entries, digest)
        self._digest = digest

    def _concern(self, entries: list[Entry]) -> bool:
        return any(
            one.envelope is None or one.envelope.get("type") in self._heard for one in entries
        )

    async def _store(self, entries: list[Entry], digest: str | None) -> None:
        """Apply events, and move the stored place behind them; none moves it to where we stand."""
        upto = entries[-1].sequence if entries else self.checkpoint
        batch = Batch(self.source, self._stored, entries, upto, digest)
        self._stored = await self._writer.submit(batch)
        self.checkpoint = self._stored

    async def _gather(self, stream: VerifiedStream) -> tuple[list[Entry], Fault | None]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_SECONDS
        while True:
            most = self._room.events_at_once
            entries, fault = await stream.take(self.checkpoint, most, self._lingers)
            if fault is not None:
                return entries, fault
            flood = len(entries) > FLOOD
            self._lingers = self._linger + self._room.flood_linger_seconds * flood
            if entries:
                return entries, None
            if loop.time() > deadline:
                await self._check_quiet_stream()
                return [], None

    async def _handle_fault(self, fault: Fault) -> None:
        if fault.gap:
            await self._missing(self.checkpoint + 1)
        if fault.mismatch is None:
            raise Reopen(fault.why)
        await self._mismatch(fault, fault.mismatch)

    async def _missing(self, sequence: int) -> None:
        state = await self._bus.stream(self.stream)
        if state is not None and state.first > sequence:
            raise Reopen("the stream begins beyond the place")
        if self._missed == sequence and state is not None:
            await self._ask_rebuild(sequence, "a hole", state.created)
        self._missed = sequence
        raise Reopen(f"{sequence} is missing")

    async def _mismatch(self, fault: Fault, entry: Entry) -> None:
        """Tell the owner, who makes the stream again, unless the very same stands in its log: that
        is set aside, so that what follows does not wait for ever."""
        state = await stream_state(self._bus, self.source)
        if not await self._ask_rebuild(entry.sequence, MISMATCH, state.created, fault.found):
            raise Reopen(MISMATCH)
        if entry.sequence == self.checkpoint + 1:
            await self._apply([entry])

    async def _check_quiet_stream(self) -> None:
        """Nothing for two seconds: the stream must hold nothing more, or something is amiss."""
        if self.checkpoint > self._stored:
            await self._store([], self._digest)
        last = await self._probe_stream()
        if self.beyond_retention:
            raise Reopen("behind")
        if last > self.checkpoint:
            await self._missing(self.checkpoint + 1)

    async def _ask_rebuild(
        self, sequence: int, why: str, created: str, found: Found | None = None
    ) -> bool:
        """Ask for the stream to be made again; True when what was found stands in the log."""
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
