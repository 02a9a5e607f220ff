"""The reader: takes another service's stream from this service's own place, without holes. P1.

The place lives in this service's database and moves in the transaction that applies the events;
the broker is trusted to remember nothing. `source` and `sequence` inside each envelope must be
the next; whatever else comes makes the reader look again, and at last tell the owner.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import nats.errors
import orjson
import structlog

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.database.threads import on_thread
from shared.events import MalformedEvent, parse, place_of
from shared.exceptions import Unavailable
from shared.inbox.applying import Batch
from shared.inbox.checkpoints import PlaceMoved, place_and_digest
from shared.inbox.entry import Entry
from shared.nats.connection import Bus, StreamRefused
from shared.nats.consumer import BEAT_SECONDS, Arrival, Feed
from shared.outbox.control import Wish, ask_repair
from shared.outbox.verification import digest_of
from shared.writer.writer import Writer

SILENCE_SECONDS = 3 * BEAT_SECONDS
QUIET_SECONDS = 2.0
# More than so many at once are a flood.
FLOOD = 16
LEAST_PAUSE_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.0
HEARTBEAT, PULL_EXPIRED = "100", "408"

log = structlog.get_logger(__name__)


class PlaceNotInLog(Exception):
    """This service has applied what its source never wrote: databases of different moments."""


class _OpenAgain(Exception):
    """The consumer is gone or silent, or a number is missing."""


PASSING = (
    _OpenAgain,
    PlaceMoved,
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
    misfit: Entry | None = None
    hole: bool = False


class Reader:
    """Follows one source for one service; a loop on the event loop."""

    def __init__(self, source: str, writer: Writer, database: Database, bus: Bus) -> None:
        self.source = source
        self.service = writer.handlers.name
        self.stream = source.upper()
        self.place = 0
        # What the database says; behind the place while what passes concerns nobody here.
        self._stored = 0
        # Of the event at the place; and the birth of the stream that was seen last.
        self._digest: str | None = None
        self._created: str | None = None
        self._linger = self._lingers = writer.handlers.linger_seconds
        self._heard = frozenset(model.type for model in writer.handlers.consumes)
        self.behind = False
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
            began = self.place
            try:
                await self._read_place()
                await self._follow()
            except Exception as error:
                if not (isinstance(error, PASSING) or is_transient(error)):
                    raise
                log.info("reader.again", service=self.service, source=self.source, why=repr(error))
                pause = LEAST_PAUSE_SECONDS if self.place > began else pause
                await asyncio.sleep(pause)
                pause = min(pause * 2, MOST_PAUSE_SECONDS)

    async def _read_place(self) -> None:
        def read() -> tuple[int, str | None]:
            with self._database.reading() as session:
                return place_and_digest(session.connection(), self.source)

        self._stored, self._digest = await on_thread(read)
        self.place = self._stored
        await self._compare_with_log()

    async def _compare_with_log(self) -> None:
        """Raises PlaceNotInLog; a source that does not answer yet is asked again later."""
        if self.head_known:
            return
        asked = {"sequence": self.place, "digest": self._digest}
        try:
            answer = await self._bus.request(f"head.{self.source}", orjson.dumps(asked))
        except (nats.errors.Error, TimeoutError):
            return
        said = orjson.loads(answer.data)
        head = int(said["head"])
        if self.place > head or said.get("differs"):
            raise PlaceNotInLog(
                f"{self.service} has applied {self.place} events of {self.source}, whose log "
                f"{'holds another there' if self.place <= head else f'ends at {head}'}: the "
                "databases are of different moments; restore all of one backup; "
                "`bulwark doctor` says how"
            )
        self.head_known = True

    def _say_behind(self, behind: bool) -> None:
        if behind and not self.behind:
            log.critical(
                "reader.behind",
                service=self.service,
                source=self.source,
                place=self.place,
                advice=f"bulwark refill {self.source} --from {self.place + 1}",
            )
        self.behind = behind

    async def _follow(self) -> None:
        await self._look_at_stream()
        if self.behind:
            await asyncio.sleep(QUIET_SECONDS / 2)
            return
        feed = Feed(self._bus, self.stream, 2 * self._room.events_at_once)
        try:
            await feed.open(self.place + 1)
            while True:
                await self._step(feed)
        finally:
            await feed.close()

    async def _look_at_stream(self) -> int:
        """Compare the place with what the stream spans; returns where the stream ends."""
        state = await self._bus.stream(self.stream)
        if state is None:
            raise _OpenAgain("there is no stream yet")
        self._say_behind(state.first > self.place + 1)
        self.caught_up = self.caught_up or (not self.behind and state.last <= self.place)
        if state.last < self.place or state.created != self._created:
            # It is being filled again, or the log itself has gone back: its owner tells which.
            self.head_known = False
        self._created = state.created
        await self._compare_with_log()
        return state.last

    async def _step(self, feed: Feed) -> None:
        """Wait for something, take all there is, apply it; then face what was not an event."""
        entries, trouble = await self._gather(feed)
        if entries:
            await self._apply(entries)
            if not feed.waiting and not self.caught_up:
                await self._look_at_stream()
        if trouble is not None:
            await self._face(trouble)
            await feed.top_up()

    async def _apply(self, entries: list[Entry]) -> None:
        await self._writer.site.precedence.wait()
        digest = digest_of(entries[-1].document)
        # Nobody here handles these: to pass them over again after a crash changes nothing.
        if not self._concern(entries) and self.place - self._stored < self._room.events_at_once:
            self.place = entries[-1].sequence
        else:
            await self._store(entries, digest)
        self._digest = digest

    def _concern(self, entries: list[Entry]) -> bool:
        return any(
            one.envelope is None or one.envelope.get("type") in self._heard for one in entries
        )

    async def _store(self, entries: list[Entry], digest: str | None) -> None:
        """Apply events, and move the stored place behind them; none moves it to where we stand."""
        upto = entries[-1].sequence if entries else self.place
        batch = Batch(self.source, self._stored, entries, upto, digest)
        self._stored = await self._writer.submit(batch)
        self.place = self._stored

    async def _gather(self, feed: Feed) -> tuple[list[Entry], _Trouble | None]:
        entries: list[Entry] = []
        loop = asyncio.get_running_loop()
        deadline = loop.time() + QUIET_SECONDS
        while not entries:
            try:
                came = await feed.first(SILENCE_SECONDS)
            except TimeoutError:
                raise _OpenAgain("three beats of silence") from None
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
            await feed.top_up(len(entries))
            if not entries and loop.time() > deadline:
                await self._after_quiet()
                break
        return entries, None

    def _take(self, feed: Feed, came: Arrival, entries: list[Entry]) -> _Trouble | None:
        """Sort what came: the next event is kept, a beat or what was seen before is let go."""
        number, status, document = came
        if status:
            return _heed(feed, status)
        try:
            envelope = parse(document)
            fits = place_of(envelope) == (self.source, number)
        except MalformedEvent:
            envelope, fits = None, False
        expected = self.place + len(entries) + 1
        if number > expected:
            return _Trouble(f"{expected} is missing", hole=True)
        if not fits:
            misfit = Entry(number, document, None)
            return _Trouble("an envelope does not match its number", misfit=misfit)
        if number == expected:
            entries.append(Entry(number, document, envelope))
        return None

    async def _face(self, trouble: _Trouble) -> None:
        if trouble.hole:
            await self._missing(self.place + 1)
        if trouble.misfit is not None:
            await self._misfit(trouble.misfit)
            return
        raise _OpenAgain(trouble.why)

    async def _missing(self, sequence: int) -> None:
        state = await self._bus.stream(self.stream)
        if state is not None and state.first > sequence:
            raise _OpenAgain("the stream begins beyond the place")
        if self._missed == sequence and state is not None:
            await self._tell_owner(sequence, "a hole", state.created)
        self._missed = sequence
        raise _OpenAgain(f"{sequence} is missing")

    async def _misfit(self, entry: Entry) -> None:
        """Tell the owner, who makes the stream again, unless the very same stands in its log: that
        is set aside, so that what follows does not wait for ever."""
        state = await self._bus.stream(self.stream)
        if state is None:
            raise _OpenAgain("the stream is gone")
        why = "an envelope does not match its number"
        found = {"sequence": entry.sequence, "digest": digest_of(entry.document)}
        if not await self._tell_owner(entry.sequence, why, state.created, found):
            raise _OpenAgain(why)
        if entry.sequence == self.place + 1:
            await self._apply([entry])

    async def _after_quiet(self) -> None:
        """Nothing for two seconds: the stream must hold nothing more, or something is amiss."""
        if self.place > self._stored:
            await self._store([], self._digest)
        last = await self._look_at_stream()
        if self.behind:
            raise _OpenAgain("behind")
        if last > self.place:
            await self._missing(self.place + 1)

    async def _tell_owner(
        self, sequence: int, why: str, created: str, found: dict[str, Any] | None = None
    ) -> bool:
        """Ask for the stream to be made again; True when what was found stands in the log."""
        log.critical(
            "reader.stream_damaged",
            service=self.service,
            source=self.source,
            sequence=sequence,
            why=why,
        )
        wish = Wish(min(sequence, self.place + 1), created)
        return await ask_repair(self._bus, self.source, wish, found)


def _heed(feed: Feed, status: str) -> _Trouble | None:
    if status.startswith(HEARTBEAT):
        return None
    if status.startswith(PULL_EXPIRED):
        feed.expired()
        return None
    return _Trouble(status)
