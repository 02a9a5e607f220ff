"""The relay: keeps a service's stream an exact copy of its log.

The message at sequence N of the stream is the event at sequence N of the log. The relay remembers
nothing: it looks where the stream ends and publishes what follows, guarded by the stream's own
last sequence. A refusal, a lost ack, a crash, a second relay, a wiped store: look, and go on.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import nats.errors
import orjson
import structlog
import uuid_utils.compat
from nats.aio.msg import Msg

from shared import log as event_log
from shared import metrics
from shared.bus import STREAM_NOT_FOUND, Bus, StreamRefused, StreamState, checked
from shared.db import Database
from shared.events import CONTENT_TYPE, MalformedEvent, parse, place_of
from shared.log import Row

BATCH = 1000
CHECK_SECONDS = 2.0
KEPT_IN_MEMORY = 8192
DEFAULT_MAX_AGE_SECONDS = 30 * 86400

log = structlog.get_logger(__name__)

BROKER_ERRORS = (nats.errors.Error, TimeoutError, OSError, StreamRefused)


class OutOfStep(Exception):
    """The stream did not answer as a copy of the log would; look again."""


@dataclass(slots=True)
class StreamSettings:
    """How the stream is made; the age is shorter in tests."""

    max_age_seconds: float = DEFAULT_MAX_AGE_SECONDS
    replicas: int = 1


class Relay:
    """Publishes one service's log; a loop on the event loop, woken by `wake`."""

    def __init__(
        self, service: str, database: Database, bus: Bus, settings: StreamSettings | None = None
    ) -> None:
        self.service = service
        self.stream = service.upper()
        self.published = 0
        self.database_is_older = False
        self._database = database
        self._bus = bus
        self._settings = settings or StreamSettings()
        self._woken = asyncio.Event()
        self._recent: deque[Row] = deque(maxlen=KEPT_IN_MEMORY)
        self._last: int | None = None
        self._checked = 0.0
        self._remake_from: int | None = None
        self._remake = asyncio.Event()

    def wake(self, rows: Sequence[Row] = ()) -> None:
        """Something was committed; the rows themselves spare a look into the log."""
        self._recent.extend(rows)
        self._woken.set()

    async def run(self) -> None:
        """Publish for ever; ends when cancelled."""
        await self._answer_questions()
        while True:
            try:
                await self._round()
            except (*BROKER_ERRORS, OutOfStep) as error:
                self._last = None
                metrics.RELAY_ERRORS.labels(self.service).inc()
                log.warning("relay.again", service=self.service, error=repr(error))
                await self._wait(0.2)
            else:
                await self._wait(CHECK_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return
        self._woken.clear()

    async def _round(self) -> None:
        if self._remake_from is not None:
            wanted, self._remake_from = self._remake_from, None
            await self._make_again(wanted)
        while True:
            # Under load as at rest: a damaged store must not wait for a quiet moment to be seen.
            if self._last is None or time.monotonic() - self._checked > CHECK_SECONDS:
                self._last = await self._check()
                self._checked = time.monotonic()
            if self._last is None:
                return
            rows = await self._rows(self._last + 1)
            if not rows:
                return
            self._last = await self._publish(self._last, rows)
            self.published = self._last
            metrics.RELAY_HEAD.labels(self.service).set(self._last)

    async def _rows(self, sequence: int) -> list[Row]:
        while self._recent and self._recent[0].sequence < sequence:
            self._recent.popleft()
        if self._recent and self._recent[0].sequence == sequence:
            return [self._recent.popleft() for _ in range(min(BATCH, len(self._recent)))]
        return await asyncio.to_thread(self._read_log, sequence)

    def _read_log(self, sequence: int) -> list[Row]:
        with self._database.reading() as session:
            return event_log.rows_from(session.connection(), sequence, BATCH)

    async def _publish(self, last: int, rows: list[Row]) -> int:
        """Publish rows that follow `last`, all or none; returns the new last sequence."""
        guard = {"Nats-Expected-Last-Sequence": str(last)}
        if len(rows) == 1:
            ack = await self._send_last(rows[0], guard)
        else:
            batch = uuid_utils.compat.uuid4().hex
            for number, row in enumerate(rows, 1):
                headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                if number == 1:
                    headers |= guard
                if number < len(rows):
                    headers["Content-Type"] = CONTENT_TYPE
                    await self._bus.client.publish(row.subject, row.document, headers=headers)
                else:
                    ack = await self._send_last(row, headers | {"Nats-Batch-Commit": "1"})
        # A server with a damaged store once took a true guard and stored elsewhere.
        if ack != rows[-1].sequence:
            raise OutOfStep(f"stored at {ack} instead of {rows[-1].sequence}")
        return ack

    async def _send_last(self, row: Row, headers: dict[str, str]) -> int:
        headers = {"Content-Type": CONTENT_TYPE, **headers}
        answer = await self._bus.client.request(
            row.subject, row.document, timeout=2.0, headers=headers
        )
        ack = checked(answer.data)
        if ack.get("stream") != self.stream:
            raise OutOfStep(f"stored in {ack.get('stream')}")
        return int(ack["seq"])

    async def _check(self) -> int | None:
        """Where the stream ends, once it is known to be a copy; None while a person must act."""
        fault = None
        for _look in range(2):
            state = await self._bus.stream(self.stream)
            if state is None:
                return await self._create(None)
            fault = await self._fault(state)
            if fault is None:
                self.database_is_older = False
                metrics.STREAM_BAD.labels(self.service).set(0)
                self.published = state.last
                metrics.RELAY_HEAD.labels(self.service).set(state.last)
                return state.last
        if fault == DATABASE_OLDER:
            if not self.database_is_older:
                log.critical(
                    "relay.database_older_than_stream",
                    service=self.service,
                    advice="bulwark doctor",
                )
            self.database_is_older = True
            metrics.STREAM_BAD.labels(self.service).set(1)
            return None
        log.critical("relay.stream_bad", service=self.service, fault=fault)
        return await self._make_again(None)

    async def _fault(self, state: StreamState) -> str | None:
        """Why the stream is no copy of the log; None when it is one."""
        head, oldest, before_first, last_row = await asyncio.to_thread(self._look, state)
        if oldest is not None and state.last < oldest - 1:
            return "ends before the log's oldest row"
        if state.messages != state.last - state.first + 1:
            return "holds fewer messages than its numbers span"
        if state.messages:
            fault = await self._fault_at_the_end(state, head, last_row)
            if fault:
                return fault
        elif state.last > head:
            return "begins beyond the log"
        young_ms = int((time.time() - self._settings.max_age_seconds) * 1000)
        if before_first is not None and before_first.stored_ms > young_ms + 1000:
            return "lacks messages that are younger than its age"
        return None

    async def _fault_at_the_end(
        self, state: StreamState, head: int, last_row: Row | None
    ) -> str | None:
        body = await self._bus.message(self.stream, state.last)
        if body is None:
            return "its last message cannot be read"
        if state.last > head:
            try:
                ours = place_of(parse(body)) == (self.service, state.last)
            except MalformedEvent:
                ours = False
            return DATABASE_OLDER if ours else "goes beyond the log with what is no event of ours"
        if last_row is None or body != last_row.document:
            return "its last message is not the log's"
        return None

    def _look(self, state: StreamState) -> tuple[int, int | None, Row | None, Row | None]:
        with self._database.reading() as session:
            connection = session.connection()
            return (
                event_log.head_of(connection),
                event_log.oldest(connection),
                event_log.row_at(connection, state.first - 1),
                event_log.row_at(connection, state.last),
            )

    async def _make_again(self, first: int | None) -> int:
        metrics.STREAM_REMADE.labels(self.service).inc()
        try:
            await self._bus.api(f"STREAM.DELETE.{self.stream}")
        except StreamRefused as error:
            if error.code != STREAM_NOT_FOUND:
                raise
        return await self._create(first)

    async def _create(self, first: int | None) -> int:
        """Make the stream so that its numbers line up with the log's; returns where it ends."""
        if first is None:
            first = await asyncio.to_thread(self._first_wanted)
        await self._bus.api(
            f"STREAM.CREATE.{self.stream}",
            {
                "name": self.stream,
                "subjects": [f"events.{self.service}.>"],
                "retention": "limits",
                "storage": "file",
                "discard": "old",
                "max_age": int(self._settings.max_age_seconds * 1e9),
                "num_replicas": self._settings.replicas,
                "allow_atomic": True,
                "deny_delete": True,
                "deny_purge": True,
                "first_seq": first,
                # No window of message ids is wanted; the server's least is a tenth of a second.
                "duplicate_window": 100_000_000,
                "max_msgs": -1,
                "max_bytes": -1,
            },
        )
        log.info("relay.stream_made", service=self.service, first=first)
        return first - 1

    def _first_wanted(self) -> int:
        young_ms = int((time.time() - self._settings.max_age_seconds) * 1000)
        with self._database.reading() as session:
            connection = session.connection()
            young = event_log.first_row_since(connection, young_ms)
            return young if young is not None else event_log.head_of(connection) + 1

    async def _answer_questions(self) -> None:
        client = self._bus.client
        await client.subscribe(f"head.{self.service}", cb=self._tell_head)
        await client.subscribe(f"wake.{self.service}", cb=self._wake_up)
        await client.subscribe(f"repair.{self.service}", cb=self._repair)

    async def _tell_head(self, message: Msg) -> None:
        def head() -> int:
            with self._database.reading() as session:
                return event_log.head_of(session.connection())

        await message.respond(orjson.dumps({"head": await asyncio.to_thread(head)}))

    async def _wake_up(self, _message: Msg) -> None:
        self._woken.set()

    async def _repair(self, message: Msg) -> None:
        """A reader found a hole, or `bulwark refill` asks: make the stream again from a number.

        `created` names the stream that was seen; a stream made since then is left alone.
        """
        wish = orjson.loads(message.data)
        state = await self._bus.stream(self.stream)
        if state is None or wish.get("created") in (None, state.created):
            log.critical("relay.repair", service=self.service, sequence=wish["sequence"])
            self._remake_from = int(wish["sequence"])
            self._last = None
            self._woken.set()
        if message.reply:
            await message.respond(orjson.dumps({"remade": self._remake_from is not None}))


DATABASE_OLDER = "goes beyond the log with an event of ours"
