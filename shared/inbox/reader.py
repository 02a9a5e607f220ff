"""The reader: takes another service's stream from this service's own place, without holes. P1.

The place lives in this service's database and moves in the transaction that applies the events;
the broker is trusted to remember nothing. `source` and `sequence` inside each envelope must be
the next; whatever else comes makes the reader look again, and at last tell the owner.
"""

import asyncio
from dataclasses import dataclass

import nats.errors

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.events.envelope import MalformedEvent, parse, position_of
from shared.exceptions import Unavailable
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import CheckpointConflict, checkpoint_and_digest
from shared.inbox.entry import Entry
from shared.logs import get_logger
from shared.nats.connection import Bus, StreamRefused
from shared.nats.consumer import BEAT_SECONDS, Delivery, PullConsumer
from shared.outbox.control import Found, HeadRequest, RebuildRequest, ask_head, ask_rebuild
from shared.outbox.verification import digest_of
from shared.writer.writer import Writer

SILENCE_SECONDS = 3 * BEAT_SECONDS
QUIET_SECONDS = 2.0
# More than so many at once are a flood.
FLOOD = 16
LEAST_PAUSE_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.0
HEARTBEAT, PULL_EXPIRED = "100", "408"

log = get_logger(__name__)


class CheckpointNotInLog(Exception):
    """This service has applied what its source never wrote: databases of different moments."""


class _Reopen(Exception):
    """The consumer is gone or silent, or a number is missing."""


PASSING = (
    _Reopen,
    CheckpointConflict,
    Unavailable,
    StreamRefused,
    nats.errors.Error,
    TimeoutError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What came in place of the next event: faced once all before it is applied."""

    why: str
    # A message of the stream whose envelope is not the one of its number.
    mismatch: Entry | None = None
    gap: bool = False


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
        pause = LEAST_PAUSE_SECONDS
        while True:
            began = self.checkpoint
            try:
                await self._read_checkpoint()
                await self._follow()
            except Exception as error:
                if not (isinstance(error, PASSING) or is_transient(error)):
                    raise
                log.info("reader.retry", service=self.service, source=self.source, why=repr(error))
                pause = LEAST_PAUSE_SECONDS if self.checkpoint > began else pause
                await asyncio.sleep(pause)
                pause = min(pause * 2, MOST_PAUSE_SECONDS)

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
        feed = PullConsumer(self._bus, self.stream, 2 * self._room.events_at_once)
        try:
            await feed.open(self.checkpoint + 1)
            while True:
                await self._step(feed)
        finally:
            await feed.close()

    async def _probe_stream(self) -> int:
        """Compare the place with what the stream spans; returns where the stream ends."""
        state = await self._bus.stream(self.stream)
        if state is None:
            raise _Reopen("there is no stream yet")
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

    async def _step(self, feed: PullConsumer) -> None:
        """Wait for something, take all there is, apply it; then face what was not an event."""
        entries, trouble = await self._gather(feed)
        if entries:
            await self._apply(entries)
            if not feed.waiting and not self.caught_up:
                await self._probe_stream()
        if trouble is not None:
            await self._handle_trouble(trouble)
            await feed.request_more()

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

    async def _gather(self, feed: PullConsumer) -> tuple[list[Entry], _Trouble | None]:
        entries: list[Entry] = []
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_SECONDS
        while not entries:
            try:
                came = await feed.first(SILENCE_SECONDS)
            except TimeoutError:
                raise _Reopen("three beats of silence") from None
            if self._lingers and not came.status and not feed.waiting:
                await asyncio.sleep(self._lingers)
            while True:
                trouble = self._take(feed, came, entries)
                if trouble is not None:
                    return entries, trouble
                if len(entries) >= self._room.events_at_once or not feed.waiting:
                    break
                came = feed.take()
            flood = len(entries) > FLOOD
            self._lingers = self._linger + self._room.flood_linger_seconds * flood
            # A pull that ran out must be renewed at once: without one not even beats come.
            await feed.request_more(len(entries))
            if not entries and loop.time() > deadline:
                await self._check_quiet_stream()
                break
        return entries, None

    def _take(self, feed: PullConsumer, came: Delivery, entries: list[Entry]) -> _Trouble | None:
        """Sort what came: the next event is kept, a beat or what was seen before is let go."""
        number, status, document = came
        if status:
            return _heed(feed, status)
        try:
            envelope = parse(document)
            fits = position_of(envelope) == (self.source, number)
        except MalformedEvent:
            envelope, fits = None, False
        expected = self.checkpoint + len(entries) + 1
        if number > expected:
            return _Trouble(f"{expected} is missing", gap=True)
        if not fits:
            mismatch = Entry(number, document, None)
            return _Trouble("an envelope does not match its number", mismatch=mismatch)
        if number == expected:
            entries.append(Entry(number, document, envelope))
        return None

    async def _handle_trouble(self, trouble: _Trouble) -> None:
        if trouble.gap:
            await self._missing(self.checkpoint + 1)
        if trouble.mismatch is not None:
            await self._mismatch(trouble.mismatch)
            return
        raise _Reopen(trouble.why)

    async def _missing(self, sequence: int) -> None:
        state = await self._bus.stream(self.stream)
        if state is not None and state.first > sequence:
            raise _Reopen("the stream begins beyond the place")
        if self._missed == sequence and state is not None:
            await self._ask_rebuild(sequence, "a hole", state.created)
        self._missed = sequence
        raise _Reopen(f"{sequence} is missing")

    async def _mismatch(self, entry: Entry) -> None:
        """Tell the owner, who makes the stream again, unless the very same stands in its log: that
        is set aside, so that what follows does not wait for ever."""
        state = await self._bus.stream(self.stream)
        if state is None:
            raise _Reopen("the stream is gone")
        why = "an envelope does not match its number"
        found = Found(sequence=entry.sequence, digest=digest_of(entry.document))
        if not await self._ask_rebuild(entry.sequence, why, state.created, found):
            raise _Reopen(why)
        if entry.sequence == self.checkpoint + 1:
            await self._apply([entry])

    async def _check_quiet_stream(self) -> None:
        """Nothing for two seconds: the stream must hold nothing more, or something is amiss."""
        if self.checkpoint > self._stored:
            await self._store([], self._digest)
        last = await self._probe_stream()
        if self.beyond_retention:
            raise _Reopen("behind")
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


def _heed(feed: PullConsumer, status: str) -> _Trouble | None:
    if status.startswith(HEARTBEAT):
        return None
    if status.startswith(PULL_EXPIRED):
        feed.expired()
        return None
    return _Trouble(status)
