"""A running service: its writer, relay, readers and ticker, started and stopped together."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import nats.errors

from shared.clock.clock import RealClock
from shared.context import ServiceContext
from shared.database.engine import Database
from shared.database.threads import on_thread
from shared.inbox.reader import Reader
from shared.live import Broadcaster
from shared.logs import get_logger
from shared.nats.connection import Bus
from shared.nats.stream import StreamSettings
from shared.nats.subscriber_access import SubscriberAccess
from shared.outbox.control import wake_leader
from shared.outbox.relay import Relay
from shared.runtime.lease import Lease
from shared.runtime.service import Service
from shared.runtime.tasks import end_all
from shared.runtime.ticker import Ticker
from shared.site import Site
from shared.writer.handlers import StartHandler
from shared.writer.log import head_of
from shared.writer.transaction import Transaction
from shared.writer.writer import Commit, Writer

# A broker that does not answer for so long counts as away, and changes are accepted without it.
COMPARE_SECONDS = 3.0
POLL_SECONDS = 0.01
DATABASE_OLDER = (
    "the database is older than the stream: put the newer database back, or do what `bulwark "
    "doctor` says"
)

log = get_logger(__name__)


@dataclass(slots=True)
class Start:
    """A start handler as work for the writer."""

    handler: StartHandler
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:  # noqa: ARG002 - see Work
        """Call the handler and append its events."""
        tx.caller = None
        tx.append(self.handler(tx))


class Runtime:
    """One service in this process."""

    def __init__(
        self,
        service: Service,
        site: Site,
        database: Database,
        bus: Bus,
        streams: StreamSettings | None = None,
    ) -> None:
        self.service = service
        self.site = site
        self.database = database
        self.bus = bus
        self.live = Broadcaster()
        self.writer = Writer(service, site, database, committed=self._committed)
        self.context = ServiceContext(site, database, self.writer, bus, self.live)
        self.relay = Relay(
            service.name,
            database,
            bus,
            streams,
            older=self._database_older,
            priority=site.priority,
        )
        self.subscriber_access = SubscriberAccess(service.name, bus)
        self.readers = [Reader(source, self.writer, database, bus) for source in service.listens_to]
        self.ticker = Ticker(self.writer, database)
        # An SQLite file belongs to one machine, where no second process takes over.
        self.lease = None if database.is_sqlite else Lease(service.name, database)
        self.failure: BaseException | None = None
        self.failed = asyncio.Event()
        self._ticks = isinstance(site.clock, RealClock)
        self._connected = asyncio.Event()
        # Set once the start handlers have run.
        self._started = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def active(self) -> bool:
        """Whether this process leads: publishes, reads and ticks for its service."""
        return self.lease is None or self.lease.is_leader

    def _committed(self, commit: Commit) -> None:
        if commit.rows and self.active:
            self.relay.wake(commit.rows)
        elif commit.rows:
            self._spawn(self._wake_leader(), "wake")
        if commit.broadcasts:
            self.live.publish(commit.broadcasts)

    def _database_older(self, older: bool) -> None:
        # New events would take the numbers of events that other services have applied.
        self.writer.unavailable = DATABASE_OLDER if older else None

    def _read_head(self) -> int:
        with self.database.reading() as session:
            return head_of(session.connection())

    async def start(self) -> None:
        """Start all parts; write once log and stream were compared, or the broker proves away.

        A restored database that is older than its stream must be recognised before it takes new
        events: they would get the numbers of events that other services have applied.
        """
        self.writer.head = await on_thread(self._read_head)
        if self._ticks:
            await self.ticker.check_clock()
        self.writer.start()
        self._spawn(self._connect(), "broker")
        self._spawn(self.bus.watch(), "connection")
        # Followers answer subscribers too.
        self._spawn(self._once_connected(self.subscriber_access.run), "subscriber access")
        if self.lease is None:
            self._lead()
        else:
            self._spawn(self._follow_and_lead(self.lease), "lease")
        await self._wait_for_comparison()
        starting = self._spawn(self._run_start_handlers(), "start")
        if not self.writer.unavailable:
            await asyncio.wait([starting])

    async def _wait_for_comparison(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COMPARE_SECONDS):
                while not (self.relay.compared.is_set() or self.writer.unavailable):
                    await asyncio.sleep(POLL_SECONDS)

    async def _run_start_handlers(self) -> None:
        while self.writer.unavailable:
            await asyncio.sleep(COMPARE_SECONDS)
        for handler in self.service.on_start:
            await self.writer.submit(Start(handler))
        self._started.set()

    def keep_time(self) -> None:
        """Start the ticker; whoever owns a virtual clock calls the ticker's `tick` instead."""
        self._ticks = True
        self._spawn(self.ticker.run(), "ticker")

    async def _connect(self) -> None:
        await self.bus.connect()
        self._connected.set()

    async def _follow_and_lead(self, lease: Lease) -> None:
        while True:
            following = [self._spawn(self._once_connected(self.relay.follow), "follower")]
            if self._ticks:
                following.append(self._spawn(self.ticker.follow(), "clock check"))
            await lease.acquire()
            await end_all(following)
            leading = self._lead()
            await lease.hold()
            await end_all(leading)

    def _lead(self) -> list[asyncio.Task[None]]:
        """Start what one process does for the whole service."""
        # The relay first: it clears what was compared before this term, which readers wait for.
        tasks = [self._spawn(self._once_connected(self.relay.run), "relay")]
        for reader in self.readers:
            work = self._once_compared(reader.run)
            tasks.append(self._spawn(work, f"reader of {reader.source}"))
        for loop in self.service.background:
            work = self._once_started(partial(self._once_connected, partial(loop, self.context)))
            tasks.append(self._spawn(work, loop.__name__))
        if self._ticks:
            tasks.append(self._spawn(self._once_started(self.ticker.run), "ticker"))
        return tasks

    async def _once_connected(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await self._connected.wait()
        await work()

    async def _once_started(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await self._started.wait()
        await work()

    async def _once_compared(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await self.relay.compared.wait()
        await self._once_started(work)

    async def _wake_leader(self) -> None:
        if self.bus.connected:
            with contextlib.suppress(nats.errors.Error, OSError):
                await wake_leader(self.bus, self.service.name)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{self.service.name} {name}")
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        with contextlib.suppress(ValueError):
            self._tasks.remove(task)
        if task.cancelled() or task.exception() is None:
            return
        self.failure = task.exception()
        log.critical("service.failed", task=task.get_name(), error=str(self.failure))
        self.failed.set()

    async def stop(self) -> None:
        """End the loops, then the writer; everything accepted is on disk."""
        await end_all(list(self._tasks))
        try:
            await self.writer.stop()
            if self.lease is not None:
                await self.lease.resign()
            await self.bus.close()
        finally:
            self.database.close()

    def health(self) -> dict[str, Any]:
        """The state of each part, for `/readyz`."""
        return {
            "active": self.active,
            "log_head": self.writer.head,
            "broker": self.bus.connected,
            "stream_head": self.relay.published,
            "database_older_than_stream": self.relay.database_is_older,
            "clock_jumped": self.ticker.stopped_by_jump,
            "readers": {
                reader.source: {
                    "place": reader.checkpoint,
                    "caught_up": reader.caught_up,
                    "behind": reader.beyond_retention,
                }
                for reader in self.readers
            },
        }

    @property
    def ready(self) -> bool:
        """Whether every reader has caught up once and none is beyond retention.

        The broker may be away. A follower is ready as soon as it knows of a leader.
        """
        if self.failure is not None:
            return False
        if self.lease is not None and not self.lease.is_leader:
            return self.lease.is_follower
        return all(reader.caught_up and not reader.beyond_retention for reader in self.readers)
