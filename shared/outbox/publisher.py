"""Publishing rows of a log to its stream: all of a batch or none, guarded by the stream's end."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import uuid_utils.compat

from shared.events.envelope import CONTENT_TYPE
from shared.nats.connection import Bus, Message, checked
from shared.writer.log import Row

BATCH = 1000
# After so many messages the loop is let go, to send them and to give others their turn.
BREATH = 100


class OutOfStep(Exception):
    """The stream did not answer as a copy of the log would; look again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What still has to be sent of rows that are stored all or none: the last, with its headers."""

    last: Row
    headers: dict[str, str]


class Publisher:
    """Sends runs of rows to one stream; each run follows what the stream holds."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream

    async def begin(self, rows: Sequence[Row]) -> Batch:
        """Send all rows but the last, which decides: until it comes the server holds them back."""
        headers = {"Nats-Expected-Last-Sequence": str(rows[0].sequence - 1)}
        if len(rows) == 1:
            return Batch(rows[0], headers)
        name = uuid_utils.compat.uuid4().hex
        for start in range(0, len(rows) - 1, BREATH):
            some = rows[start : min(start + BREATH, len(rows) - 1)]
            await self._bus.publish_all(_held_back(some, name, start + 1, headers))
            headers = {}
            await asyncio.sleep(0)
        last = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(len(rows))}
        return Batch(rows[-1], last | {"Nats-Batch-Commit": "1"})

    async def decide(self, batch: Batch) -> int:
        """Publish the last row of a batch, which stores all of it or none; returns its number.

        Raises StreamRefused, OutOfStep, nats.errors.Error or TimeoutError: nobody knows then
        whether it was stored.
        """
        row = batch.last
        headers = {"Content-Type": CONTENT_TYPE, **batch.headers}
        answer = await self._bus.request(row.subject, row.document, headers)
        ack = checked(answer.data)
        # A server with a damaged store once took a true guard and stored elsewhere.
        if (ack.get("stream"), ack.get("seq")) != (self._stream, row.sequence):
            raise OutOfStep(f"{row.sequence} was stored at {ack.get('stream')} {ack.get('seq')}")
        return row.sequence


def _held_back(
    rows: Sequence[Row], name: str, number: int, headers: dict[str, str]
) -> Iterator[Message]:
    """The messages of a part of a batch, from a number on; `headers` are of the first alone."""
    for at, row in enumerate(rows, number):
        own = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(at), "Content-Type": CONTENT_TYPE}
        yield row.subject, headers | own if headers else own, row.document
        headers = {}
