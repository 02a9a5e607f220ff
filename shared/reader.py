"""The reader: takes another service's stream from this service's own place, in order, without holes.

The place lives in this service's database and moves in the transaction that applies the events;
the broker is trusted to remember nothing. `source` and `sequence` inside each envelope must be
the next; whatever else comes makes the reader look again, and at last tell the owner.
"""

import asyncio
from dataclasses import dataclass

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared import metrics
from shared.bus import Bus, StreamRefused
from shared.db import Database
from shared.events import MalformedEvent, parse, place_of
from shared.inbox import Batch, Entry, PlaceMoved, place_of_source
from shared.writer import Unavailable, Writer

MOST_PER_BATCH = 1024
PULL = 4096
BEAT_SECONDS = 0.5
SILENCE_SECONDS = 3 * BEAT_SECONDS
QUIET_SECONDS = 2.0
INACTIVE_SECONDS = 30
HEAD_ANSWER_SECONDS = 2.0

log = structlog.get_logger(__name__)


class PlaceBeyondLog(Exception):
    """This service has applied more than its source ever wrote: databases of different moments."""


class _OpenAgain(Exception):
    """The consumer is gone or silent, or a number is missing."""


@dataclass(slots=True)
class _Hole:
    """A number that did not come; told to the owner when it stays away after one re-opening."""

    sequence: int
    seen: int = 0


@dataclass(slots=True)
class _Feed:
    """An open consumer: its inbox, and how many messages the pull still allows."""

    subscription: Subscription
    consumer: str
    allowed: int


class Reader:
    """Follows one source for one service; a loop on the event loop."""

    def __init__(self, source: str, writer: Writer, database: Database, bus: Bus) -> None:
        self.source = source
        self.service = writer.service.name
        self.stream = source.upper()
        self.place = 0
        self.behind = False
        self.caught_up = False
        self.head_known = False
        self._writer = writer
        self._database = database
        self._bus = bus
        self._hole = _Hole(0)

    async def run(self) -> None:
        """Read for ever; ends when cancelled, or with PlaceBeyondLog."""
        pause = 0.05
        while True:
            try:
                await self._read_place()
                await self._follow()
            except (
                _OpenAgain,
                PlaceMoved,
                Unavailable,
                StreamRefused,
                nats.errors.Error,
                TimeoutError,
                OSError,
            ) as error:
                log.info("reader.again", service=self.service, source=self.source, why=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            else:
                pause = 0.05

    async def _read_place(self) -> None:
        def read() -> int:
            with self._database.reading() as session:
                return place_of_source(session.connection(), self.source)

        self._moved_to(await asyncio.to_thread(read))
        if not self.head_known:
            await self._compare_with_head()

    async def _compare_with_head(self) -> None:
        """Raises PlaceBeyondLog; a source that does not answer yet is asked again later."""
        try:
            answer = await self._bus.client.request(
                f"head.{self.source}", b"", timeout=HEAD_ANSWER_SECONDS
            )
        except (nats.errors.Error, TimeoutError):
            return
        head = int(orjson.loads(answer.data)["head"])
        if self.place > head:
            raise PlaceBeyondLog(
                f"{self.service} has applied {self.place} events of {self.source}, whose log ends "
                f"at {head}: the databases are of different moments; restore all of one backup"
            )
        self.head_known = True

    def _moved_to(self, place: int) -> None:
        self.place = place
        metrics.READER_PLACE.labels(self.service, self.source).set(place)

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
        metrics.READER_BEHIND.labels(self.service, self.source).set(int(behind))

    async def _follow(self) -> None:
        await self._look_at_stream()
        if self.behind:
            await asyncio.sleep(QUIET_SECONDS / 2)
            return
        feed = await self._open()
        try:
            while True:
                await self._step(feed)
        finally:
            await self._close(feed)

    async def _look_at_stream(self) -> None:
        """Compare the place with what the stream spans; raises _OpenAgain where it has more."""
        state = await self._bus.stream(self.stream)
        if state is None:
            raise _OpenAgain("there is no stream yet")
        self._say_behind(state.first > self.place + 1)
        self.caught_up = self.caught_up or (not self.behind and state.last <= self.place)

    async def _open(self) -> _Feed:
        client = self._bus.client
        answer = await self._bus.api(
            f"CONSUMER.CREATE.{self.stream}",
            {
                "stream_name": self.stream,
                "config": {
                    "deliver_policy": "by_start_sequence",
                    "opt_start_seq": self.place + 1,
                    "ack_policy": "none",
                    "replay_policy": "instant",
                    "mem_storage": True,
                    "num_replicas": 1,
                    "inactive_threshold": INACTIVE_SECONDS * 1_000_000_000,
                },
            },
        )
        inbox = client.new_inbox()
        subscription = await client.subscribe(
            inbox, pending_msgs_limit=4 * PULL, pending_bytes_limit=512 * 1024 * 1024
        )
        feed = _Feed(subscription, answer["name"], 0)
        await self._pull(feed)
        return feed

    async def _close(self, feed: _Feed) -> None:
        try:
            await feed.subscription.unsubscribe()
            await self._bus.client.publish(
                f"$JS.API.CONSUMER.DELETE.{self.stream}.{feed.consumer}", b""
            )
        except (nats.errors.Error, OSError):
            log.debug("reader.closed_hard", source=self.source)

    async def _pull(self, feed: _Feed) -> None:
        wish = {
            "batch": PULL,
            "expires": INACTIVE_SECONDS * 1_000_000_000,
            "idle_heartbeat": int(BEAT_SECONDS * 1_000_000_000),
        }
        feed.allowed += PULL
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{feed.consumer}",
            orjson.dumps(wish),
            reply=feed.subscription.subject,
        )

    async def _step(self, feed: _Feed) -> None:
        """Wait for something, take all there is, apply it."""
        entries = await self._gather(feed)
        if entries:
            batch = Batch(self.source, self.place, entries)
            self._moved_to(await self._writer.submit(batch))
            self._hole.seen = 0
            if not feed.subscription.pending_msgs and not self.caught_up:
                await self._look_at_stream()
        if feed.allowed < PULL // 2:
            await self._pull(feed)

    async def _gather(self, feed: _Feed) -> list[Entry]:
        entries: list[Entry] = []
        deadline = asyncio.get_running_loop().time() + QUIET_SECONDS
        while not entries:
            try:
                message = await asyncio.wait_for(_next(feed.subscription), SILENCE_SECONDS)
            except TimeoutError:
                raise _OpenAgain("three beats of silence") from None
            expected = self.place + 1
            while True:
                expected += await self._take(feed, message, expected, entries)
                if len(entries) >= MOST_PER_BATCH or not feed.subscription.pending_msgs:
                    break
                message = await _next(feed.subscription)
            if not entries and asyncio.get_running_loop().time() > deadline:
                await self._after_quiet()
                return entries
        return entries

    async def _take(self, feed: _Feed, message: Msg, expected: int, entries: list[Entry]) -> int:
        """Sort a message: 1 when it is the next event, 0 for a beat or what was seen before."""
        status = message.headers.get("Status") if message.headers else None
        if status is not None:
            await self._heed(feed, status, message)
            return 0
        feed.allowed -= 1
        try:
            envelope = parse(message.data)
            service, sequence = place_of(envelope)
        except MalformedEvent:
            envelope, service, sequence = {}, "", 0
        stored = _number(message)
        if (service, sequence) != (self.source, stored):
            await self._tell_owner(stored, "an envelope that does not match")
            raise _OpenAgain("an envelope does not match its number")
        if sequence < expected:
            return 0
        if sequence > expected:
            await self._missing(expected)
        entries.append(Entry(sequence, message.data, envelope))
        return 1

    async def _heed(self, feed: _Feed, status: str, message: Msg) -> None:
        if status == "100":
            return
        if status == "408":
            feed.allowed = 0
            await self._pull(feed)
            return
        raise _OpenAgain(f"{status} {(message.headers or {}).get('Description', '')}")

    async def _missing(self, sequence: int) -> None:
        state = await self._bus.stream(self.stream)
        if state is not None and state.first > sequence:
            raise _OpenAgain("the stream begins beyond the place")
        if self._hole.sequence == sequence and self._hole.seen:
            await self._tell_owner(sequence, "a hole")
        self._hole = _Hole(sequence, self._hole.seen + 1 if self._hole.sequence == sequence else 1)
        raise _OpenAgain(f"{sequence} is missing")

    async def _after_quiet(self) -> None:
        """Nothing for two seconds: the stream must hold nothing more, or something is amiss."""
        if not self.head_known:
            await self._compare_with_head()
        await self._look_at_stream()
        state = await self._bus.stream(self.stream)
        if self.behind or state is None:
            raise _OpenAgain("behind")
        if state.last > self.place:
            await self._missing(self.place + 1)

    async def _tell_owner(self, sequence: int, why: str) -> None:
        state = await self._bus.stream(self.stream)
        if state is None:
            return
        log.critical(
            "reader.stream_damaged",
            service=self.service,
            source=self.source,
            sequence=sequence,
            why=why,
        )
        wish = {"created": state.created, "sequence": min(sequence, self.place + 1)}
        await self._bus.client.publish(f"repair.{self.source}", orjson.dumps(wish))


def _number(message: Msg) -> int:
    """The message's number in its stream, from its reply subject (nine tokens, twelve with a domain)."""
    tokens = message.reply.split(".")
    return int(tokens[5] if len(tokens) == 9 else tokens[7])


async def _next(subscription: Subscription) -> Msg:
    # next_msg() costs a task and a timer each; the queue behind it is drained at four times the rate.
    queue = subscription._pending_queue
    message = queue.get_nowait() if not queue.empty() else await queue.get()
    subscription._pending_size -= len(message.data)
    queue.task_done()
    return message
