"""Verification: whether a service's stream is an exact copy of its log.

It takes the stream's state, one message of the stream and a few rows of the log. The log is read
after the state, so that an event committed meanwhile does not look like a fault of the stream.
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
    """The digest by which a reader's event is compared with the owner's log."""
    return hashlib.blake2b(document, digest_size=16).hexdigest()


def is_another(connection: Connection, sequence: int, digest: str) -> bool:
    """Whether the log holds another document at a number than the one with a digest.

    False when the log no longer has that row.
    """
    row = event_log.row_at(connection, sequence)
    return row is not None and digest_of(row.document) != digest


@dataclass(frozen=True, slots=True)
class _LogState:
    """What the log holds at the ends of a stream."""

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
        """Why the stream is not a copy of the log, such as DATABASE_OLDER; None when it is one."""
        found = await on_thread(self._read_log, state)
        if state.last > found.head:
            return await self._fault_beyond(state, found.head)
        if found.oldest is not None and state.last < found.oldest - 1:
            return "ends before the log's oldest row"
        # An empty stream that was created without a first sequence reports 0 to 0.
        spans = state.last - state.first + 1 if state.last else 0
        if state.messages != spans:
            return "holds fewer messages than its numbers span"
        if state.messages:
            body = await self._bus.message(self._stream, state.last)
            if body is None:
                return "its last message cannot be read"
            if found.last is None or body != found.last.document:
                return self._fault_in_last(body, state.last, logged=found.last is not None)
        retained_ms = event_log.machine_ms() - self._max_age_ms
        if found.before_first and found.before_first.stored_ms > retained_ms + CLOCK_SLACK_MS:
            return "lacks messages that are within its retention"
        return None

    def _fault_in_last(self, body: bytes, number: int, *, logged: bool) -> str:
        """The fault of a stream whose last message differs from the log's row of that number.

        When both are events of this service, the database was restored to an older moment and has
        since given numbers to new events that others applied as other events.
        """
        if logged and self._is_ours(body, number):
            return DATABASE_OLDER
        return "its last message is not the log's"

    async def _fault_beyond(self, state: StreamState, head: int) -> str:
        """The fault of a stream that ends after the log.

        The first message after the log's head is the best evidence, as other programs may have
        published after it.
        """
        for number in dict.fromkeys((max(head + 1, state.first), state.last)):
            body = await self._bus.message(self._stream, number)
            if body is not None and self._is_ours(body, number):
                return DATABASE_OLDER
        return "goes beyond the log with messages that are not our events"

    def _is_ours(self, body: bytes, number: int) -> bool:
        try:
            return position_of(parse(body)) == (self._service, number)
        except MalformedEvent:
            return False

    def _read_log(self, state: StreamState) -> _LogState:
        with self._database.reading() as session:
            connection = session.connection()
            return _LogState(
                event_log.head_of(connection),
                event_log.oldest(connection),
                event_log.row_at(connection, state.first - 1),
                event_log.row_at(connection, state.last),
            )

    def beside_head(self, sequence: int, digest: str | None) -> tuple[int, bool]:
        """The log's head, and whether its row of a number differs from a reader's digest.

        Without a digest nothing is compared.
        """
        with self._database.reading() as session:
            connection = session.connection()
            differs = digest is not None and is_another(connection, sequence, digest)
            return event_log.head_of(connection), differs

    def is_logged(self, sequence: int, digest: str) -> bool:
        """Whether the log's row of a number has this digest."""
        with self._database.reading() as session:
            row = event_log.row_at(session.connection(), sequence)
        return row is not None and digest_of(row.document) == digest

    def first_number(self, wanted: int | None = None) -> int:
        """The number that a new stream begins with: that of the oldest row within retention.

        A reader may want an earlier one; it is never before the log's oldest row. When no row is
        within retention, it is head + 1.
        """
        with self._database.reading() as session:
            connection = session.connection()
            oldest = event_log.oldest(connection)
            first = self._first_retained(connection)
        if wanted is None or oldest is None:
            return first
        return max(min(first, wanted), oldest)

    def _first_retained(self, connection: Connection) -> int:
        first = event_log.first_row_since(connection, event_log.machine_ms() - self._max_age_ms)
        return first if first is not None else event_log.head_of(connection) + 1
