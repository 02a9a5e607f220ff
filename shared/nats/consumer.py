"""An ephemeral pull consumer of one stream, from a sequence on, drained as it fills.

Without acks or a stored position: the broker keeps no state for it. It sends heartbeats.
"""

import asyncio
from collections import deque
from typing import NamedTuple

import nats.errors
import orjson

from shared.logs import get_logger
from shared.nats.connection import Bus, Inbox

# A consumer with little traffic pulls few, so that a flood's first batch does not delay the rest.
LEAST_PULL = 128
MOST_PULL = 1024
BEAT_SECONDS = 0.5
INACTIVE_SECONDS = 30
STATUS_AT = len(b"NATS/1.0")
NO_MESSAGE_OF_A_STREAM = "400 no message of a stream"

log = get_logger(__name__)


class Delivery(NamedTuple):
    """What was delivered: a message of the stream with its sequence, or a status of the server.

    `status` is such as `100 Idle Heartbeat`; empty for a message of the stream.
    """

    number: int
    status: str
    document: bytes


class PullConsumer:
    """An open consumer: its inbox, and how many messages the pull still allows."""

    def __init__(self, bus: Bus, stream: str, pull_limit: int = MOST_PULL) -> None:
        self._bus = bus
        self._stream = stream
        self._inbox: Inbox | None = None
        self._consumer: str | None = None
        self._allowed = 0
        self._size = LEAST_PULL
        self._most = pull_limit
        self._arrived: deque[Delivery] = deque()
        self._has_arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many messages have arrived and not been taken."""
        return len(self._arrived)

    async def open(self, start: int) -> None:
        """Create the consumer and pull from a sequence on; `close` it whatever happens."""
        self._inbox = await self._bus.listen(self._on_message)
        answer = await self._bus.api(
            f"CONSUMER.CREATE.{self._stream}",
            {
                "stream_name": self._stream,
                "config": {
                    "deliver_policy": "by_start_sequence",
                    "opt_start_seq": start,
                    "ack_policy": "none",
                    "replay_policy": "instant",
                    "mem_storage": True,
                    "num_replicas": 1,
                    "inactive_threshold": INACTIVE_SECONDS * 1_000_000_000,
                },
            },
        )
        self._consumer = str(answer["name"])
        await self._pull(self._inbox)

    def _on_message(self, reply: bytes, head: bytes, document: bytes) -> None:
        self._arrived.append(delivery(reply, head, document))
        self._has_arrived.set()

    async def close(self) -> None:
        """Delete the consumer, if the broker can still be reached."""
        try:
            if self._inbox is not None:
                await self._inbox.leave()
            if self._consumer is not None:
                await self._bus.client.publish(
                    f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._consumer}", b""
                )
        except (nats.errors.Error, OSError):
            log.debug("consumer.closed_hard", stream=self._stream)

    async def _pull(self, inbox: Inbox) -> None:
        pull_request = {
            "batch": self._size,
            "expires": INACTIVE_SECONDS * 1_000_000_000,
            "idle_heartbeat": int(BEAT_SECONDS * 1_000_000_000),
        }
        self._allowed += self._size
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            orjson.dumps(pull_request),
            reply=inbox.subject,
        )

    async def request_more(self, taken: int = 0) -> None:
        """Pull again before the last pull is used up: twice as many when many were taken."""
        if taken >= self._size // 2:
            self._size = min(2 * self._size, self._most)
        elif taken:
            self._size = LEAST_PULL
        if self._allowed < self._size // 2 and self._inbox is not None:
            await self._pull(self._inbox)

    def expired(self) -> None:
        """The server ended the pull; the next `request_more` pulls again."""
        self._allowed = 0

    async def first(self, seconds: float) -> Delivery:
        """The next delivery; raises TimeoutError when none comes in time."""
        # Not wait_for: before Python 3.12 it loses a cancellation that coincides with the result.
        async with asyncio.timeout(seconds):
            while not self._arrived:
                self._has_arrived.clear()
                await self._has_arrived.wait()
        return self.take()

    def take(self) -> Delivery:
        """The first delivery that waits; raises IndexError when none does."""
        found = self._arrived.popleft()
        if not found.status:
            self._allowed -= 1
        return found


def delivery(reply: bytes, head: bytes, document: bytes) -> Delivery:
    """A message as a delivery: its sequence in the stream is in its reply subject.

    The subject has nine tokens, or twelve where the account has a domain.
    """
    if head[STATUS_AT : STATUS_AT + 1] == b" ":
        return Delivery(0, head[STATUS_AT + 1 :].partition(b"\r\n")[0].decode(), b"")
    tokens = reply.split(b".")
    number = tokens[5] if len(tokens) == 9 else tokens[7] if len(tokens) > 9 else b""
    if not number.isdigit():
        return Delivery(0, NO_MESSAGE_OF_A_STREAM, b"")
    return Delivery(int(number), "", document)
