"""A source's stream, verified: its next entries, or the fault found instead of them. P1.

The broker's own state is not relied on: `source` and `sequence` inside each envelope must be the
next. The caller, the reader or the webhooks, decides what to do about a fault.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats.errors

from shared.events.envelope import MalformedEvent, parse, position_of
from shared.exceptions import Unavailable
from shared.inbox.entry import Entry
from shared.nats.connection import Bus, StreamRefused, StreamState
from shared.nats.consumer import BEAT_SECONDS, MOST_PULL, Delivery, PullConsumer
from shared.outbox.control import Found
from shared.outbox.verification import digest_of

SILENCE_SECONDS = 3 * BEAT_SECONDS
HEARTBEAT, PULL_EXPIRED = "100", "408"


class Reopen(Exception):
    """The stream must be opened again from the checkpoint on; the message says why."""


# The errors after which the stream is opened again.
PASSING = (Reopen, Unavailable, StreamRefused, nats.errors.Error, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Fault:
    """What came instead of the next entry; neither gap nor mismatch when the consumer is gone."""

    why: str
    # A later sequence came.
    gap: bool = False
    # A message whose envelope is not that of its sequence.
    mismatch: Entry | None = None

    @property
    def found(self) -> Found | None:
        """What the stream holds at that sequence, for its owner to compare with the log."""
        if self.mismatch is None:
            return None
        digest = digest_of(self.mismatch.document)
        return Found(sequence=self.mismatch.sequence, digest=digest)


class VerifiedStream:
    """One source's stream while its consumer is open; `verified_stream` opens it."""

    def __init__(self, source: str, consumer: PullConsumer) -> None:
        self._source = source
        self._consumer = consumer

    @property
    def waiting(self) -> int:
        """How many messages have arrived and not been taken."""
        return self._consumer.waiting

    async def take(
        self, checkpoint: int, most: int, linger_seconds: float = 0.0
    ) -> tuple[list[Entry], Fault | None]:
        """Wait for a delivery and take all there are: the entries after the checkpoint, and the
        fault that ended them, if any. Both are empty after a heartbeat. Raises Reopen.
        """
        came = await self._first()
        if linger_seconds and not came.status and not self._consumer.waiting:
            await asyncio.sleep(linger_seconds)
        entries: list[Entry] = []
        while True:
            fault = self._sort(came, checkpoint + len(entries) + 1, entries)
            if fault is not None or len(entries) >= most or not self._consumer.waiting:
                break
            came = self._consumer.take()
        # A pull that ran out must be renewed at once: without one not even heartbeats come.
        await self._consumer.request_more(len(entries))
        return entries, fault

    async def _first(self) -> Delivery:
        try:
            return await self._consumer.first(SILENCE_SECONDS)
        except TimeoutError:
            raise Reopen("three heartbeats of silence") from None

    def _sort(self, came: Delivery, expected: int, entries: list[Entry]) -> Fault | None:
        """Keep the next entry; ignore a heartbeat, or an entry seen before."""
        number, status, document = came
        if status:
            return self._handle_status(status)
        try:
            envelope = parse(document)
            why = "" if position_of(envelope) == (self._source, number) else "is another's"
        except MalformedEvent as error:
            envelope, why = None, f"is no event: {error}"
        if number > expected:
            return Fault(f"{number} came after {expected - 1}", gap=True)
        if why:
            return Fault(f"{number} {why}", mismatch=Entry(number, document, None))
        if number == expected:
            entries.append(Entry(number, document, envelope))
        return None

    def _handle_status(self, status: str) -> Fault | None:
        if status.startswith(HEARTBEAT):
            return None
        if status.startswith(PULL_EXPIRED):
            self._consumer.expired()
            return None
        return Fault(status)


@asynccontextmanager
async def verified_stream(
    bus: Bus, source: str, checkpoint: int, pull_limit: int = MOST_PULL
) -> AsyncIterator[VerifiedStream]:
    """Open a source's stream after a checkpoint; its consumer is deleted at the end."""
    consumer = PullConsumer(bus, source.upper(), pull_limit)
    try:
        await consumer.open(checkpoint + 1)
        yield VerifiedStream(source, consumer)
    finally:
        await consumer.close()


async def stream_state(bus: Bus, source: str) -> StreamState:
    """The state of a source's stream; raises Reopen when there is none."""
    state = await bus.stream(source.upper())
    if state is None:
        raise Reopen("there is no stream yet")
    return state
