"""The writer: one per service. Every change goes through it, in the order of submission.

It takes all that queued during the last commit into one transaction, runs the handlers, appends
the events they return to the log, commits, and only then answers. It never waits for more work.
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

from shared.backoff import pauses
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

# A larger batch delays a single request behind it for longer, and is hardly any faster.
MAX_BATCH_SIZE = 1024
DATABASE_RETRY_SECONDS = 10.0
# The write-ahead log is checkpointed above this size: about the thousand pages that SQLite takes.
WAL_CHECKPOINT_BYTES = 4 * 1024 * 1024
# The least that a commit adds to the write-ahead log.
COMMIT_BYTES = 32 * 1024
IDLE_SECONDS = 0.01

log = get_logger(__name__)


class Work(Protocol):
    """Something for the writer to do: a request, a batch of events, timers that are due."""

    @property
    def size(self) -> int:
        """How many records it changes; bounds the size of a transaction."""
        ...

    def run(self, tx: Transaction, *, isolate: bool) -> Any:
        """Do it; the result goes to whoever submitted it.

        `isolate` is true on the second try, after something in the transaction raised: each item
        then runs in a savepoint of its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction did: the log's head (None when it failed), a result or an error for
    each work, the rows appended, and the events to broadcast."""

    head: int | None
    outcomes: Sequence[Any]
    rows: Sequence[Row]
    broadcasts: Sequence[Recorded[Any]]


@dataclass(slots=True)
class _Submission:
    work: Work
    size: int
    future: asyncio.Future[Any]


class Writer:
    """Makes all changes of a service's database, on a thread of its own."""

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
        self._queue: deque[_Submission] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._pending = 0
        self._wal_bytes = 0
        self._transaction_began: float | None = None
        self.head = 0
        self._seconds = metrics.TRANSACTION_SECONDS.labels(handlers.name)
        self._logged = metrics.EVENTS_LOGGED.labels(handlers.name)
        # Why changes are rejected at present; None while they are accepted.
        self.unavailable: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"{handlers.name}-writer", daemon=True
        )

    @property
    def idle(self) -> bool:
        """Whether every submitted change has been answered."""
        return self._pending == 0

    @property
    def transaction_seconds(self) -> float:
        """How long the running transaction has taken, retries included; 0 without one.

        No queued work has waited for longer.
        """
        began = self._transaction_began
        return 0.0 if began is None else time.monotonic() - began

    def start(self) -> None:
        """Start the thread; must be called in the event loop that will submit."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Finish the queued work and end the thread."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    async def submit(self, work: Work) -> Any:
        """Queue work and await its commit; raises what the work raised, or Unavailable."""
        if self._stopping or self._loop is None or not self._thread.is_alive():
            raise Unavailable("the service is stopping")
        if self.unavailable:
            raise Unavailable(self.unavailable)
        submission = _Submission(work, work.size, self._loop.create_future())
        self._pending += 1
        self._queue.append(submission)
        self._wake.set()
        return await submission.future

    def _run(self) -> None:
        while True:
            checkpoint_due = self._wal_bytes > WAL_CHECKPOINT_BYTES
            idle = not self._wake.wait(IDLE_SECONDS if checkpoint_due else None)
            self._wake.clear()
            while self._queue:
                self._commit_batch(self._next_batch())
            if self._stopping and not self._queue:
                return
            if idle and not self.site.priority.is_held:
                self._wal_checkpoint()

    def _wal_checkpoint(self) -> None:
        """Do between commits what SQLite would do within one, where an answer would wait for it."""
        self._wal_bytes = 0
        try:
            self.database.wal_checkpoint()
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning(
                "database.wal_checkpoint_failed", service=self.handlers.name, error=str(error)
            )

    def _next_batch(self) -> list[_Submission]:
        batch: list[_Submission] = []
        size = 0
        while self._queue and (not batch or size + self._queue[0].size <= MAX_BATCH_SIZE):
            submission = self._queue.popleft()
            size += submission.size
            batch.append(submission)
        return batch

    def _commit_batch(self, batch: list[_Submission]) -> None:
        works = [submission.work for submission in batch]
        self._transaction_began = time.monotonic()
        try:
            commit = self.apply(works)
            self._wal_bytes += COMMIT_BYTES + sum(len(row.document) for row in commit.rows)
        except BaseException as error:  # noqa: BLE001 - passed on to every submitter
            commit = Commit(None, [error] * len(batch), [], [])
        finally:
            self._transaction_began = None
        if self._loop is not None:
            # The loop may be closed at any moment; the commit is valid all the same.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._deliver, batch, commit)

    def _deliver(self, batch: list[_Submission], commit: Commit) -> None:
        self._pending -= len(batch)
        try:
            if commit.head is not None:
                self.head = max(self.head, commit.head)
                self._committed(commit)
        finally:
            self._answer(batch, commit.outcomes)

    def _answer(self, batch: list[_Submission], outcomes: Sequence[Any]) -> None:
        for submission, outcome in zip(batch, outcomes, strict=True):
            future = submission.future
            if future.done():
                continue
            if isinstance(outcome, StopIteration):
                # A future rejects StopIteration, and every submitter must get an answer.
                future.set_exception(RuntimeError("a handler raised StopIteration"))
            elif isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def apply(self, works: Sequence[Work]) -> Commit:
        """Do works in one transaction, with a result or an error for each.

        They run together first. When one raises, all run again with a savepoint around each, so
        that a rejection does not affect the others. Raises Unavailable when the database does not
        answer in time.
        """
        deadline = time.monotonic() + DATABASE_RETRY_SECONDS
        waits = pauses()
        isolate = False
        while True:
            try:
                commit, actions = self._transact(works, isolate=isolate)
            except Exception as error:
                if is_transient(error):
                    pause = next(waits)
                    if time.monotonic() + pause > deadline:
                        raise Unavailable(str(error)) from error
                    log.warning("database.retry", service=self.handlers.name, error=str(error))
                    metrics.TRANSACTION_RETRIES.labels(self.handlers.name).inc()
                    threading.Event().wait(pause)
                elif isolate:
                    raise
                else:
                    isolate = True
            else:
                for action in actions:
                    action()
                return commit

    def _transact(
        self, works: Sequence[Work], *, isolate: bool
    ) -> tuple[Commit, list[Callable[[], None]]]:
        began = time.perf_counter()
        with self.database.writing() as session:
            buffer = AppendBuffer(session.connection(), self.database)
            # Only some works have ids in the idempotency store.
            ids = [id_ for work in works for id_ in getattr(work, "ids", ())]
            tx = Transaction(session, self.handlers, self.site, buffer, ids)
            if isolate:
                outcomes = [self._run_isolated(tx, work) for work in works]
            else:
                outcomes = [work.run(tx, isolate=False) for work in works]
            rows = tx.write()
            session.commit()
        self._seconds.observe(time.perf_counter() - began)
        self._logged.inc(len(rows))
        counting.logged(self.handlers.name, tx.event_types)
        return Commit(buffer.head, outcomes, rows, tx.broadcasts), tx.commit_actions

    def _run_isolated(self, tx: Transaction, work: Work) -> Any:
        try:
            with tx.savepoint():
                return work.run(tx, isolate=True)
        except Exception as error:
            if is_transient(error):
                raise
            if not isinstance(error, Rejected):
                log.warning("work.failed", service=self.handlers.name, error=repr(error))
            return error
