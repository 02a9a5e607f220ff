"""A source's stream, verified: the next entries of it, or the fault in their place. P1.

The broker is trusted to remember nothing: `source` and `sequence` inside each envelope must be the
next. What to do about a fault is left to whoever reads: the reader, or the webhooks.
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


# What is over when the stream is opened again.
PASSING = (Reopen, Unavailable, StreamRefused, nats.errors.Error, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Fault:
    """What came in place of the next entry; neither gap nor mismatch when the consumer is gone."""

    why: str
    # A later number came.
    gap: bool = False
    # A message of the stream whose envelope is not the one of its number.
    mismatch: Entry | None = None

    @property
    def found(self) -> Found | None:
        """What stands in the entry's place, for its owner to compare with the log."""
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
        """Wait until something comes and take all there is: the entries next after the checkpoint,
        and what came in place of another. Both are empty after a heartbeat. Raises Reopen.
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
        """The next entry is kept, a heartbeat or what was seen before is let go."""
        number, status, document = came
        if status:
            return self._heed(status)
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

    def _heed(self, status: str) -> Fault | None:
        if status.startswith(HEARTBEAT):
            return None
        if status.startswith(PULL_EXPIRED):
            self._consumer.expired()
            return None
        return Fault(status)


@asynccontextmanager
async def verified_stream(
    bus: Bus, source: str, checkpoint: int, most_pull: int = MOST_PULL
) -> AsyncIterator[VerifiedStream]:
    """Open a source's stream after a checkpoint; its consumer is let go at the end."""
    consumer = PullConsumer(bus, source.upper(), most_pull)
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
