"""The writer: one per service. Every change goes through it, in the order it came.

It takes what queued while the last commit ran into one transaction, runs the handlers, appends
the events they return to the log, commits, and only then answers. There is no timer.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import SQLAlchemyError

from shared.database.engine import Database
from shared.database.failures import is_transient
from shared.events.envelope import Recorded
from shared.exceptions import Rejected, Unavailable
from shared.logs import get_logger
from shared.metrics import counters as counting
from shared.metrics import names as metrics
from shared.site import Site
from shared.writer.handlers import Handlers
from shared.writer.log import AppendBuffer, Row
from shared.writer.transaction import Transaction

# More would hold up a single request behind it for longer, and commits hardly the faster.
MOST_AT_ONCE = 1024
DATABASE_PATIENCE_SECONDS = 10.0
# About the thousand pages after which SQLite itself would; the least that a commit writes.
SETTLED_AFTER_BYTES = 4 * 1024 * 1024
A_COMMIT_BYTES = 32 * 1024
IDLE_SECONDS = 0.01

log = get_logger(__name__)


class Work(Protocol):
    """Something for the writer to do: a request, a run of events, a due time."""

    @property
    def size(self) -> int:
        """How many records it is about, so that a transaction does not grow without end."""
        ...

    def run(self, tx: Transaction, *, isolate: bool) -> Any:
        """Do it; the answer goes to who submitted it. `isolate` is a second try after a failure."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction did: the log's head (None when it failed), an outcome or error for each
    work, the rows appended, and the events announced."""

    head: int | None
    outcomes: Sequence[Any]
    rows: Sequence[Row]
    broadcasts: Sequence[Recorded[Any]]


@dataclass(slots=True)
class _Waiting:
    work: Work
    size: int
    future: asyncio.Future[Any]


class Writer:
    """The one hand that writes a service's database, on a thread of its own."""

    def __init__(
        self,
        handlers: Handlers,
        site: Site,
        database: Database,
        *,
        committed: Callable[[Commit], None] = lambda _commit: None,
    ) -> None:
        self.handlers = handlers
        self.site = site
        self.database = database
        self._committed = committed
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._pending = 0
        self._wal_bytes = 0
        self._serving_since: float | None = None
        self.head = 0
        self._seconds = metrics.TRANSACTION_SECONDS.labels(handlers.name)
        self._logged = metrics.EVENTS_LOGGED.labels(handlers.name)
        # Why no change is taken at present; None while changes are taken.
        self.refuses: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"{handlers.name}-writer", daemon=True
        )

    @property
    def idle(self) -> bool:
        """Whether every submitted change has been answered."""
        return self._pending == 0

    @property
    def waiting_seconds(self) -> float:
        """How long the transaction under way has taken, all its tries together; 0 without one.

        What queues behind it has waited for no longer.
        """
        since = self._serving_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self) -> None:
        """Start the thread; must be called in the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued and end the thread."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    async def submit(self, work: Work) -> Any:
        """Queue a change and await its commit; raises what the work raised, or Unavailable."""
        if self._stopping or self._loop is None or not self._thread.is_alive():
            raise Unavailable("the service is stopping")
        if self.refuses:
            raise Unavailable(self.refuses)
        waiting = _Waiting(work, work.size, self._loop.create_future())
        self._pending += 1
        self._queue.append(waiting)
        self._wake.set()
        return await waiting.future

    def _run(self) -> None:
        while True:
            unsettled = self._wal_bytes > SETTLED_AFTER_BYTES
            idle = not self._wake.wait(IDLE_SECONDS if unsettled else None)
            self._wake.clear()
            while self._queue:
                self._serve(self._take())
            if self._stopping and not self._queue:
                return
            if idle and not self.site.priority.claimed:
                self._wal_checkpoint()

    def _wal_checkpoint(self) -> None:
        """What SQLite would do within a commit, before the answer, is done after it."""
        self._wal_bytes = 0
        try:
            self.database.wal_checkpoint()
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning(
                "database.wal_checkpoint_failed", service=self.handlers.name, error=str(error)
            )

    def _take(self) -> list[_Waiting]:
        taken: list[_Waiting] = []
        size = 0
        while self._queue and (not taken or size + self._queue[0].size <= MOST_AT_ONCE):
            waiting = self._queue.popleft()
            size += waiting.size
            taken.append(waiting)
        return taken

    def _serve(self, taken: list[_Waiting]) -> None:
        works = [waiting.work for waiting in taken]
        self._serving_since = time.monotonic()
        try:
            commit = self.apply(works)
            self._wal_bytes += A_COMMIT_BYTES + sum(len(row.document) for row in commit.rows)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of any failure
            commit = Commit(None, [error] * len(taken), [], [])
        finally:
            self._serving_since = None
        if self._loop is not None:
            # The loop may be closed at any moment; what is committed is committed.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver, taken, commit)

    def _deliver(self, taken: list[_Waiting], commit: Commit) -> None:
        self._pending -= len(taken)
        try:
            if commit.head is not None:
                self.head = max(self.head, commit.head)
                self._committed(commit)
        finally:
            self._answer(taken, commit.outcomes)

    def _answer(self, taken: list[_Waiting], outcomes: Sequence[Any]) -> None:
        for waiting, outcome in zip(taken, outcomes, strict=True):
            if waiting.future.done():
                continue
            if isinstance(outcome, StopIteration):
                # A future does not take it, and whoever waits must hear of any failure.
                waiting.future.set_exception(RuntimeError("a handler ran out of items"))
            elif isinstance(outcome, BaseException):
                waiting.future.set_exception(outcome)
            else:
                waiting.future.set_result(outcome)

    def apply(self, works: Sequence[Work]) -> Commit:
        """Do works in one transaction, with an outcome or error for each.

        First all together; when one raises, again from the beginning with a savepoint around
        each, so that a refusal costs its neighbours nothing. Raises Unavailable when the database
        does not answer in time.
        """
        deadline = time.monotonic() + DATABASE_PATIENCE_SECONDS
        pause = 0.05
        isolate = False
        while True:
            try:
                commit, after = self._transact(works, isolate=isolate)
            except Exception as error:
                if is_transient(error):
                    if time.monotonic() + pause > deadline:
                        raise Unavailable(str(error)) from error
                    log.warning("database.retry", service=self.handlers.name, error=str(error))
                    metrics.TRANSACTION_RETRIES.labels(self.handlers.name).inc()
                    threading.Event().wait(pause)
                    pause = min(pause * 2, 1.0)
                elif isolate:
                    raise
                else:
                    isolate = True
            else:
                for action in after:
                    action()
                return commit

    def _transact(
        self, works: Sequence[Work], *, isolate: bool
    ) -> tuple[Commit, list[Callable[[], None]]]:
        began = time.perf_counter()
        with self.database.writing() as session:
            page = AppendBuffer(session.connection(), self.database)
            # Requests alone have ids that their answers are remembered under.
            ids = [id_ for work in works for id_ in getattr(work, "ids", ())]
            tx = Transaction(session, self.handlers, self.site, page, ids)
            if isolate:
                outcomes = [self._savepoint(tx, work) for work in works]
            else:
                outcomes = [work.run(tx, isolate=False) for work in works]
            rows = tx.write()
            session.commit()
        self._seconds.observe(time.perf_counter() - began)
        self._logged.inc(len(rows))
        counting.logged(self.handlers.name, tx.kept)
        return Commit(page.head, outcomes, rows, tx.broadcasts), tx.after

    def _savepoint(self, tx: Transaction, work: Work) -> Any:
        try:
            with tx.savepoint():
                return work.run(tx, isolate=True)
        except Exception as error:
            if is_transient(error):
                raise
            if not isinstance(error, Rejected):
                log.warning("work.failed", service=self.handlers.name, error=repr(error))
            return error
