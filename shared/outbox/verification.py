"""The check: whether a service's stream is an exact copy of its log, by STREAM.INFO and two looks.

The stream's state is read first and the log after it, so that what was committed meanwhile is no
fault of the stream.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from shared.database.engine import Database
from shared.database.threads import on_thread
from shared.events.envelope import MalformedEvent, parse, position_of
from shared.nats.connection import Bus, StreamState
from shared.writer import log as event_log
from shared.writer.log import Row

DATABASE_OLDER = "holds an event of ours that the log does not"
CLOCK_SLACK_MS = 1000


def digest_of(document: bytes) -> str:
    """What a reader tells of a document, and its owner compares with the log's."""
    return hashlib.blake2b(document, digest_size=16).hexdigest()


def is_another(connection: Connection, sequence: int, digest: str) -> bool:
    """Whether a log's row of a number is another document than the one with a digest; what the log
    no longer holds is no other."""
    row = event_log.row_at(connection, sequence)
    return row is not None and digest_of(row.document) != digest


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the log says of the numbers a stream spans."""

    head: int
    oldest: int | None
    before_first: Row | None
    last: Row | None


class StreamCheck:
    """Compares one service's stream with its log."""

    def __init__(self, service: str, database: Database, bus: Bus, max_age_seconds: float) -> None:
        self._service = service
        self._stream = service.upper()
        self._database = database
        self._bus = bus
        self._max_age_ms = int(max_age_seconds * 1000)

    async def fault(self, state: StreamState) -> str | None:
        """Why the stream is no copy of the log, such as DATABASE_OLDER; None when it is one."""
        seen = await on_thread(self._look, state)
        if state.last > seen.head:
            return await self._fault_beyond(state, seen.head)
        if seen.oldest is not None and state.last < seen.oldest - 1:
            return "ends before the log's oldest row"
        # An empty stream that was made without a first number says 0 to 0.
        spans = state.last - state.first + 1 if state.last else 0
        if state.messages != spans:
            return "holds fewer messages than its numbers span"
        if state.messages:
            body = await self._bus.message(self._stream, state.last)
            if body is None:
                return "its last message cannot be read"
            if seen.last is None or body != seen.last.document:
                return self._fault_in_last(body, state.last, known=seen.last is not None)
        young_ms = event_log.machine_ms() - self._max_age_ms
        if seen.before_first and seen.before_first.stored_ms > young_ms + CLOCK_SLACK_MS:
            return "lacks messages that are younger than its age"
        return None

    def _fault_in_last(self, body: bytes, number: int, *, known: bool) -> str:
        """A log that was put back to an older moment, and has grown past the stream since, has
        given the numbers of events that others applied to other events."""
        if known and self._is_ours(body, number):
            return DATABASE_OLDER
        return "its last message is not the log's"

    async def _fault_beyond(self, state: StreamState, head: int) -> str:
        """The event right after the log's tells most: others may have published behind it."""
        for number in dict.fromkeys((max(head + 1, state.first), state.last)):
            body = await self._bus.message(self._stream, number)
            if body is not None and self._is_ours(body, number):
                return DATABASE_OLDER
        return "goes beyond the log with what is no event of ours"

    def _is_ours(self, body: bytes, number: int) -> bool:
        try:
            return position_of(parse(body)) == (self._service, number)
        except MalformedEvent:
            return False

    def _look(self, state: StreamState) -> _Seen:
        with self._database.reading() as session:
            connection = session.connection()
            return _Seen(
                event_log.head_of(connection),
                event_log.oldest(connection),
                event_log.row_at(connection, state.first - 1),
                event_log.row_at(connection, state.last),
            )

    def beside_head(self, sequence: int, digest: str | None) -> tuple[int, bool]:
        """The log's end, and whether its row of a number is another than the one with a digest, if
        one was kept."""
        with self._database.reading() as session:
            connection = session.connection()
            differs = digest is not None and is_another(connection, sequence, digest)
            return event_log.head_of(connection), differs

    def is_logged(self, sequence: int, digest: str) -> bool:
        """Whether the log's row of a number is the document with this digest."""
        with self._database.reading() as session:
            row = event_log.row_at(session.connection(), sequence)
        return row is not None and digest_of(row.document) == digest

    def first_number(self, wanted: int | None = None) -> int:
        """The number a new stream begins with: of the oldest row that is young enough, or earlier
        when a reader wants it, but never before the log's oldest row; head + 1 when all are old."""
        with self._database.reading() as session:
            connection = session.connection()
            oldest = event_log.oldest(connection)
            first = self._first_young(connection)
        if wanted is None or oldest is None:
            return first
        return max(min(first, wanted), oldest)

    def _first_young(self, connection: Connection) -> int:
        young = event_log.first_row_since(connection, event_log.machine_ms() - self._max_age_ms)
        return young if young is not None else event_log.head_of(connection) + 1
