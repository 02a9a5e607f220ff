"""A feed: an ephemeral pull consumer of one stream, from a number on, drained as it fills.

No acks, no storage: the broker is trusted to remember nothing. Heartbeats come while it lives.
"""

import asyncio

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.bus import Bus

# A quiet feed asks for little, so that the beginning of a flood does not hold up its end.
LEAST_PULL = 128
MOST_PULL = 2048
BEAT_SECONDS = 0.5
INACTIVE_SECONDS = 30

log = structlog.get_logger(__name__)


class Feed:
    """An open consumer: its inbox, and how many messages the pull still allows."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream
        self._subscription: Subscription | None = None
        self._consumer: str | None = None
        self._allowed = 0
        self._size = LEAST_PULL

    @property
    def waiting(self) -> int:
        """How many messages have arrived and not been taken."""
        return self._inbox.pending_msgs

    @property
    def _inbox(self) -> Subscription:
        if self._subscription is None:
            raise RuntimeError("the feed was not opened")
        return self._subscription

    async def open(self, start: int) -> None:
        """Make the consumer and ask for messages from a number on; `close` it whatever happens."""
        client = self._bus.client
        self._subscription = await client.subscribe(
            client.new_inbox(),
            pending_msgs_limit=4 * MOST_PULL,
            pending_bytes_limit=512 * 1024 * 1024,
        )
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
        await self._pull()

    async def close(self) -> None:
        """Let the consumer go, if the broker can still be told."""
        try:
            if self._subscription is not None:
                await self._subscription.unsubscribe()
            if self._consumer is not None:
                await self._bus.client.publish(
                    f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._consumer}", b""
                )
        except (nats.errors.Error, OSError):
            log.debug("feed.closed_hard", stream=self._stream)

    async def _pull(self) -> None:
        wish = {
            "batch": self._size,
            "expires": INACTIVE_SECONDS * 1_000_000_000,
            "idle_heartbeat": int(BEAT_SECONDS * 1_000_000_000),
        }
        self._allowed += self._size
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}",
            orjson.dumps(wish),
            reply=self._inbox.subject,
        )

    async def top_up(self, taken: int = 0) -> None:
        """Ask for more before what was asked for runs out: twice as much when much was taken."""
        if taken >= self._size // 2:
            self._size = min(2 * self._size, MOST_PULL)
        elif taken:
            self._size = LEAST_PULL
        if self._allowed < self._size // 2:
            await self._pull()

    def expired(self) -> None:
        """The server let the pull go; the next `top_up` asks again."""
        self._allowed = 0

    async def first(self, seconds: float) -> Msg:
        """The next message; raises TimeoutError after a silence."""
        # Not wait_for: before Python 3.12 it loses a cancellation that meets what it waits for.
        async with asyncio.timeout(seconds):
            return await self.next()

    async def next(self) -> Msg:
        """The next message, however long it takes."""
        # next_msg() costs a task and a timer each; its queue is drained at four times the rate.
        inbox = self._inbox
        queue = inbox._pending_queue
        message = queue.get_nowait() if not queue.empty() else await queue.get()
        inbox._pending_size -= len(message.data)
        queue.task_done()
        if status_of(message) is None:
            self._allowed -= 1
        return message


def status_of(message: Msg) -> str | None:
    """The status that a message of the server itself carries; None for one of the stream."""
    return message.headers.get("Status") if message.headers else None


def number_of(message: Msg) -> int:
    """A message's number in its stream, from its reply subject; raises ValueError.

    The subject has nine tokens, or twelve where the account has a domain.
    """
    tokens = (message.reply or "").split(".")
    if len(tokens) < 9:
        raise ValueError(f"no message of a stream: {message.reply}")
    return int(tokens[5] if len(tokens) == 9 else tokens[7])
