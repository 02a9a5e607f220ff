"""Clients of the JetStream server in memory, with as much of nats-py as relay and reader use."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import nats.errors
import orjson
from faststream.nats import NatsBroker
from nats.aio.msg import Msg

from shared.nats.connection import GRACE_SECONDS, Bus, Message
from shared.nats.parser import OnMessage
from tests.support.core.fake_jetstream import Server

STATUS_LINE = ("Status", "Description")
Callback = Callable[[Msg], Awaitable[None]]


class FakeSubscription:
    """A subscription, drained by a callback in order, or by whoever takes from its queue."""

    def __init__(self, client: "FakeClient", subject: str, callback: Callback | None) -> None:
        self.client = client
        self.subject = subject
        self._pending_queue: asyncio.Queue[Msg] = asyncio.Queue()
        self._pending_size = 0
        self._task = asyncio.ensure_future(self._serve(callback)) if callback else None

    @property
    def pending_msgs(self) -> int:
        """How many wait."""
        return self._pending_queue.qsize()

    def on_message(self, reply: str, data: bytes, headers: dict[str, str] | None) -> None:
        """A message has come."""
        self._pending_size += len(data)
        message = Msg(self.client, self.subject, reply, data, headers)  # type: ignore[arg-type]
        self._pending_queue.put_nowait(message)

    async def _serve(self, callback: Callback) -> None:
        while True:
            message = await self._pending_queue.get()
            try:
                await callback(message)
            except Exception as error:  # noqa: BLE001 - as nats-py tells its error callback
                self.client.errors.append(error)

    async def unsubscribe(self) -> None:
        """Nothing more comes."""
        self.client.forget(self)
        if self._task is not None:
            self._task.cancel()


class FakeInbox:
    """A subject whose messages are handed over as the bytes that the server would send."""

    def __init__(self, client: "FakeClient", subject: str, on_message: OnMessage) -> None:
        self.client = client
        self.subject = subject
        self._on_message = on_message

    def on_message(self, reply: str, data: bytes, headers: dict[str, str] | None) -> None:
        """A message has come."""
        head = ""
        if headers is not None:
            status = " ".join(headers[name] for name in STATUS_LINE if name in headers)
            lines = [f"{name}: {value}" for name, value in headers.items()]
            head = "\r\n".join([f"NATS/1.0 {status}".rstrip(), *([] if status else lines), "", ""])
        self._on_message(reply.encode(), head.encode(), data)

    async def leave(self) -> None:
        """Nothing more comes."""
        self.client.forget(self)

    unsubscribe = leave


class FakeClient:
    """One client's connection."""

    def __init__(self, server: Server) -> None:
        self.subscriptions: list[FakeSubscription | FakeInbox] = []
        self.errors: deque[Exception] = deque(maxlen=100)
        self._server = server
        self._inboxes: Iterator[int] = iter(range(1, 1_000_000_000))

    @property
    def is_connected(self) -> bool:
        """Whether the server is there."""
        return self._server.up

    def new_inbox(self) -> str:
        """A subject of its own."""
        return f"_INBOX.{id(self)}.{next(self._inboxes)}"

    def jetstream(self) -> None:
        """What FastStream takes at once, and nobody here uses."""

    async def subscribe(
        self, subject: str, cb: Callback | None = None, **_options: Any
    ) -> FakeSubscription:
        """Hear a subject."""
        subscription = FakeSubscription(self, subject, cb)
        self.subscriptions.append(subscription)
        self._server.hearers.append(subscription)
        return subscription

    def listen(self, on_message: OnMessage) -> FakeInbox:
        """Hear a subject of its own."""
        inbox = FakeInbox(self, self.new_inbox(), on_message)
        self.subscriptions.append(inbox)
        self._server.hearers.append(inbox)
        return inbox

    def forget(self, subscription: FakeSubscription | FakeInbox) -> None:
        """A subscription has ended."""
        if subscription in self.subscriptions:
            self.subscriptions.remove(subscription)
            self._server.hearers.remove(subscription)

    async def publish(
        self,
        subject: str,
        payload: bytes = b"",
        reply: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send; nobody knows whether it arrived."""
        await asyncio.sleep(0)
        if not self._server.up:
            return
        if subject.startswith("$JS.API.CONSUMER.MSG.NEXT."):
            self._server.pull(subject.rsplit(".", 1)[1], orjson.loads(payload), reply)
        elif subject.startswith("$JS.API.CONSUMER.DELETE."):
            self._server.forget(subject.rsplit(".", 1)[1])
        elif subject.startswith("events."):
            self._server.publish(subject, payload, headers or {})
        else:
            self._server.deliver(subject, payload, headers, reply)

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 2.0,  # noqa: ASYNC109 - the shape of nats-py's own
        headers: dict[str, str] | None = None,
    ) -> Msg:
        """Send and await the answer; raises nats.errors.Error."""
        await asyncio.sleep(0)
        answer: bytes | None = None
        if self._server.up and subject.startswith("$JS.API."):
            answer = self._server.api(subject.removeprefix("$JS.API."), payload)
        elif self._server.up and subject.startswith("events."):
            answer = self._server.publish(subject, payload, headers or {})
        elif self._server.up:
            return await self._ask(subject, payload, timeout)
        if answer is None:
            await asyncio.sleep(timeout)
            raise nats.errors.TimeoutError
        await asyncio.sleep(0)
        return Msg(self, "", "", answer, None)  # type: ignore[arg-type]

    async def _ask(self, subject: str, payload: bytes, seconds: float) -> Msg:
        inbox = await self.subscribe(self.new_inbox())
        try:
            if not self._server.deliver(subject, payload, reply=inbox.subject):
                raise nats.errors.NoRespondersError
            return await asyncio.wait_for(inbox._pending_queue.get(), seconds)
        except TimeoutError:
            raise nats.errors.TimeoutError from None
        finally:
            await inbox.unsubscribe()

    async def leave(self) -> None:
        """The process is gone."""
        for subscription in list(self.subscriptions):
            await subscription.unsubscribe()


class FakeBus(Bus):
    """The real bus on a client of the server in memory."""

    def __init__(self, server: Server) -> None:
        self.fake = FakeClient(server)
        self.broker = NatsBroker(graceful_timeout=GRACE_SECONDS, logger=None)
        self.broker.config.connect(self.fake)
        self.broker._setup_logger()

    @property
    def client(self) -> Any:
        """The client."""
        return self.fake

    async def publish_all(self, messages: Iterable[Message]) -> None:
        """Publish one after the other: a crash may come between them."""
        for subject, headers, body in messages:
            await self.fake.publish(subject, body, headers=headers)

    async def listen(self, on_message: OnMessage) -> Any:
        """A new subject of our own."""
        return self.fake.listen(on_message)
