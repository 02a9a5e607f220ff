"""One transaction as the writer sees it: it collects what handlers return, and can undo parts."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import uuid_utils
from sqlalchemy.orm import Session

from shared.events.base import Event
from shared.events.envelope import Recorded, encode, subject_of
from shared.metrics import counters as counting
from shared.site import Site
from shared.writer.handlers import Handlers, Tx
from shared.writer.idempotency import IdempotencyStore
from shared.writer.log import AppendBuffer, Row


class Position(NamedTuple):
    """How much a transaction had collected at a savepoint."""

    buffer: tuple[int, int, int]
    idempotency: int
    broadcasts: int
    commit_actions: int
    event_types: int


class Transaction(Tx):
    """The writer's view of a transaction: with the log, the saved answers and savepoints."""

    def __init__(
        self,
        session: Session,
        handlers: Handlers,
        site: Site,
        buffer: AppendBuffer,
        ids: Sequence[str] = (),
    ) -> None:
        super().__init__(session, site)
        self.handlers = handlers
        self.buffer = buffer
        # The saved answers of the requests that share this transaction.
        self.idempotency = IdempotencyStore(self.connection, ids)
        # The type of each event appended, in order.
        self.event_types: list[type[Event]] = []
        self._time = self.now.isoformat(timespec="milliseconds")

    def position(self) -> Position:
        """How much was collected beside the rows of the session, for `undo_to`."""
        return Position(
            self.buffer.position(),
            self.idempotency.position(),
            len(self.broadcasts),
            len(self.commit_actions),
            len(self.event_types),
        )

    def undo_to(self, position: Position) -> None:
        """Drop the events, answers, broadcasts and commit actions since a position."""
        self.buffer.undo_to(position.buffer)
        self.idempotency.undo_to(position.idempotency)
        del self.broadcasts[position.broadcasts :]
        del self.commit_actions[position.commit_actions :]
        del self.event_types[position.event_types :]

    def write(self) -> list[Row]:
        """Write what was collected for the end, answers and events; returns the log's new rows."""
        self.session.flush()
        self.idempotency.write()
        return self.buffer.write()

    @contextlib.contextmanager
    def savepoint(self, *, keep: bool = True) -> Iterator[None]:
        """Undo everything done inside, rows and events alike, when it raises.

        With `keep` false it is always undone.
        """
        position = self.position()
        done = False
        try:
            with self.session.begin_nested() as part:
                # Only asking for the connection makes the session send SAVEPOINT.
                self.session.connection()
                yield
                if not keep:
                    part.rollback()
            done = keep
        finally:
            if not done:
                self.undo_to(position)

    def handle(
        self, handler: Callable[[Tx, Any], Iterable[Event]], what: Any, items: int = 1
    ) -> list[Event]:
        """Call a handler and append the events it returns; `items` is how many items it takes.

        The time measured includes the service's own handlers of those events.
        """
        began = time.perf_counter()
        appended = self.append(handler(self, what))
        counting.handled(self.handlers.name, handler, items, time.perf_counter() - began)
        return appended

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Append events to the log, and call the service's own handlers of them.

        Returns all events appended, including those that these handlers returned.
        """
        remaining = deque(events)
        appended: list[Event] = []
        while remaining:
            event = remaining.popleft()
            event_id = self._append_one(event)
            appended.append(event)
            react = self.handlers.reacts.get(type(event))
            if react is not None:
                head = self.buffer.head
                recorded = Recorded(event_id, event.service, head, self.now, event)
                remaining.extend(react(self, recorded))
        return appended

    def _append_one(self, event: Event) -> str:
        """Number an event and buffer its document; returns its id."""
        event_id = event.derived_id() if event.because else str(uuid_utils.uuid7())
        sequence = self.buffer.head + 1
        document = encode(
            event, event_id, sequence, self._time, self.site.name, drill=self.site.drill
        )
        things: set[str] = set()
        if self.handlers.indexed:
            things = {event_id, *[thing for name in event.about if (thing := getattr(event, name))]}
        self.buffer.add(subject_of(event.service, event.name, event.area), document, things)
        self.event_types.append(type(event))
        return event_id
