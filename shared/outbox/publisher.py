"""Publishes rows of a log to its stream, in atomic batches guarded by the last sequence."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import uuid_utils.compat

from shared.events.envelope import CONTENT_TYPE
from shared.nats.connection import Bus, Message, checked
from shared.writer.log import Row

BATCH = 1000
# After so many messages other tasks run, and the buffered messages are sent.
YIELD_EVERY = 100


class UnexpectedAck(Exception):
    """The stream stored a message elsewhere than a copy of the log would: it must be verified."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is sent but for its last row, with the headers of that row's message."""

    last: Row
    headers: dict[str, str]


class Publisher:
    """Publishes consecutive rows to one stream, from the one after its last message on."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream

    async def begin(self, rows: Sequence[Row]) -> Batch:
        """Send all rows but the last; the server stores none until `commit` sends that one."""
        headers = {"Nats-Expected-Last-Sequence": str(rows[0].sequence - 1)}
        if len(rows) == 1:
            return Batch(rows[0], headers)
        name = uuid_utils.compat.uuid4().hex
        for start in range(0, len(rows) - 1, YIELD_EVERY):
            chunk = rows[start : min(start + YIELD_EVERY, len(rows) - 1)]
            await self._bus.publish_all(_batch_messages(chunk, name, start + 1, headers))
            headers = {}
            await asyncio.sleep(0)
        last = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(len(rows))}
        return Batch(rows[-1], last | {"Nats-Batch-Commit": "1"})

    async def commit(self, batch: Batch) -> int:
        """Send the last row of a batch, which stores all of it or none; returns its number.

        Raises StreamRefused, UnexpectedAck, nats.errors.Error or TimeoutError: then it is not
        known whether the batch was stored.
        """
        row = batch.last
        headers = {"Content-Type": CONTENT_TYPE, **batch.headers}
        answer = await self._bus.request(row.subject, row.document, headers)
        ack = checked(answer.data)
        # A server with a damaged store has been seen to accept the guard and store elsewhere.
        if (ack.get("stream"), ack.get("seq")) != (self._stream, row.sequence):
            raise UnexpectedAck(
                f"{row.sequence} was stored at {ack.get('stream')} {ack.get('seq')}"
            )
        return row.sequence


def _batch_messages(
    rows: Sequence[Row], name: str, number: int, headers: dict[str, str]
) -> Iterator[Message]:
    """The messages of a part of a batch, numbered within the batch from `number` on.

    Only the first of them carries `headers`.
    """
    for at, row in enumerate(rows, number):
        own = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(at), "Content-Type": CONTENT_TYPE}
        yield row.subject, headers | own if headers else own, row.document
        headers = {}
