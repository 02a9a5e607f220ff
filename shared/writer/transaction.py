"""One transaction as the writer sees it: what its handlers return, kept and undone together."""

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


class Mark(NamedTuple):
    """Where a transaction stood at a savepoint."""

    page: tuple[int, int, int]
    idempotency: int
    broadcasts: int
    after: int
    kept: int


class Transaction(Tx):
    """The writer's own face of a transaction: it also keeps events, answers and savepoints."""

    def __init__(
        self,
        session: Session,
        handlers: Handlers,
        site: Site,
        page: AppendBuffer,
        ids: Sequence[str] = (),
    ) -> None:
        super().__init__(session, site)
        self.handlers = handlers
        self.page = page
        # What was answered under the ids of the requests that share this transaction.
        self.idempotency = IdempotencyStore(self.connection, ids)
        # The type of each event kept, in order.
        self.kept: list[type[Event]] = []
        self._time = self.now.isoformat(timespec="milliseconds")

    def mark(self) -> Mark:
        """Where the transaction stands beside its rows, for `back_to`."""
        beside = (len(self.broadcasts), len(self.after), len(self.kept))
        return Mark(self.page.mark(), self.idempotency.mark(), *beside)

    def undo_to(self, mark: Mark) -> None:
        """Forget the events, answers, announcements and actions since a mark."""
        self.page.undo_to(mark.page)
        self.idempotency.undo_to(mark.idempotency)
        del self.broadcasts[mark.broadcasts :]
        del self.after[mark.after :]
        del self.kept[mark.kept :]

    def write(self) -> list[Row]:
        """Store what was gathered for the end: answers and events; returns the log's new rows."""
        self.session.flush()
        self.idempotency.write()
        return self.page.write()

    @contextlib.contextmanager
    def savepoint(self, *, keep: bool = True) -> Iterator[None]:
        """A part that is undone as a whole, its rows and all else, when it raises; in any case
        unless it is to be kept."""
        mark = self.mark()
        done = False
        try:
            with self.session.begin_nested() as part:
                # The session sends SAVEPOINT when it is next asked for its connection, not before.
                self.session.connection()
                yield
                if not keep:
                    part.rollback()
            done = keep
        finally:
            if not done:
                self.undo_to(mark)

    def handle(
        self, handler: Callable[[Tx, Any], Iterable[Event]], what: Any, items: int = 1
    ) -> list[Event]:
        """Call a handler and keep the events it returns; `items` says how many things it takes.

        Its time is counted, with that of the service's own handlers of those events.
        """
        began = time.perf_counter()
        kept = self.append(handler(self, what))
        counting.handled(self.handlers.name, handler, items, time.perf_counter() - began)
        return kept

    def append(self, events: Iterable[Event]) -> list[Event]:
        """Number and keep events, and hand them to the service's own handlers.

        Returns all that were kept, the answers of those handlers included.
        """
        waiting = deque(events)
        kept: list[Event] = []
        while waiting:
            event = waiting.popleft()
            event_id = self._keep(event)
            kept.append(event)
            react = self.handlers.reacts.get(type(event))
            if react is not None:
                head = self.page.head
                recorded = Recorded(event_id, event.service, head, self.now, event)
                waiting.extend(react(self, recorded))
        return kept

    def _keep(self, event: Event) -> str:
        """Number an event and keep its document; returns its id."""
        event_id = event.derived_id() if event.because else str(uuid_utils.uuid7())
        sequence = self.page.head + 1
        document = encode(
            event, event_id, sequence, self._time, self.site.name, drill=self.site.drill
        )
        things: set[str] = set()
        if self.handlers.indexed:
            things = {event_id, *[thing for name in event.about if (thing := getattr(event, name))]}
        self.page.add(subject_of(event.service, event.name, event.area), document, things)
        self.kept.append(type(event))
        return event_id
