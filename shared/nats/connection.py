"""The connection to the broker, and the few JetStream requests that relay and reader make.

FastStream owns the connection and runs the request handlers (`RequestHandlers`); relay and reader
speak to JetStream over the same connection with nats-py. Where the line runs and why:
docs/decisions/0021.
"""

import asyncio
import contextlib
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.logs import get_logger
from shared.nats.parser import MessageParser, OnMessage
from shared.nats.patches import (
    install_parser,
    keep_when_connection_is_reset,
    number_of,
    send_frames,
)

if TYPE_CHECKING:
    from faststream.security import SASLPlaintext

REQUEST_SECONDS = 2.0
# What a handler has to end its answer when it is stopped; less than a loop has to end, so that
# nobody is cancelled in the midst of it.
GRACE_SECONDS = 0.3
STREAM_NOT_FOUND = 10059
NO_MESSAGE = 10037

Message = tuple[str, dict[str, str], bytes]
"""A message to publish: its subject, its headers (names and values of our own), its body."""

log = get_logger(__name__)


class StreamRefused(Exception):
    """JetStream answered a request with an error; `code` is its err_code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class StreamState:
    """What STREAM.INFO says: first and last sequence, number of messages, when it was created, its
    settings, and its size in bytes."""

    first: int
    last: int
    messages: int
    created: str
    config: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True, slots=True)
class StoreState:
    """How many bytes all streams use, and their limit; None while none is set."""

    used: int
    limit: int | None


class ConnectionEnded(Exception):
    """The broker refused this client for good: the process must be started again."""


class Inbox:
    """A subject of our own, whose messages reach a callback as bytes."""

    def __init__(self, parser: MessageParser, subscription: Subscription) -> None:
        self.subject = subscription.subject
        self._parser = parser
        self._subscription = subscription
        self._number = number_of(subscription)

    def on_message(self, on_message: OnMessage) -> None:
        """Set the callback for messages that come from now on."""
        self._parser.listeners[self._number] = on_message

    async def leave(self) -> None:
        """Unsubscribe; raises nats.errors.Error when the broker cannot be reached."""
        self._parser.listeners.pop(self._number, None)
        await self._subscription.unsubscribe()


class Bus:
    """One connection to the broker, which is kept trying for ever.

    `url` may name several servers, with commas between them; they share a user and a password.
    """

    def __init__(self, url: str, name: str) -> None:
        from faststream.nats import NatsBroker

        # Here, and not for those who import Bus: it takes long to import.
        from shared.nats.middlewares import middlewares

        self._leaving = False
        self._ended = asyncio.Event()
        who = reached_by(url)
        self.broker = NatsBroker(
            who["servers"],
            security=_security(who),
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=_log_error,
            closed_cb=self._closed,
            graceful_timeout=GRACE_SECONDS,
            middlewares=middlewares(name),
            # It would log every message; what fails is logged by a middleware of ours.
            logger=None,
        )

    @property
    def client(self) -> Client:
        """The nats-py client."""
        return self.broker.connection

    @property
    def connected(self) -> bool:
        """Whether the broker answers at present."""
        return self._known and bool(self.client.is_connected)

    @property
    def _known(self) -> bool:
        from faststream.exceptions import IncorrectState

        try:
            return self.client is not None
        except IncorrectState:
            return False

    async def connect(self) -> None:
        """Connect; waits as long as the broker is away."""
        await self.broker.connect()
        # Before anything is subscribed to: no message can be half read.
        install_parser(self.client)
        keep_when_connection_is_reset(self.client)

    async def listen(self, on_message: OnMessage) -> Inbox:
        """A new subject of our own; `on_message` is called with each message as it comes."""
        client = self.client
        inbox = Inbox(install_parser(client), await client.subscribe(client.new_inbox()))
        inbox.on_message(on_message)
        return inbox

    async def _closed(self) -> None:
        if not self._leaving:
            self._ended.set()

    async def watch(self) -> None:
        """Wait until the client gave up for good; raises ConnectionEnded."""
        await self._ended.wait()
        raise ConnectionEnded(f"the broker ended the connection: {self.client.last_error!r}")

    async def close(self) -> None:
        """Leave the broker, without waiting for one that is gone."""
        self._leaving = True
        client = self.client if self._known else None
        try:
            await asyncio.wait_for(self.broker.stop(), REQUEST_SECONDS)
        # FastStream gathers into a group what its subscribers raise when the broker is gone.
        except (nats.errors.Error, TimeoutError, OSError, ExceptionGroup):
            log.debug("bus.closed_hard")
        except asyncio.CancelledError:
            # The client cancels parts of itself; only our own end is passed on.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        if client is not None and not client.is_closed:
            # A drain that could not end leaves tasks behind that try to reconnect for ever.
            with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
                await asyncio.wait_for(client.close(), REQUEST_SECONDS)

    async def request(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None
    ) -> Msg:
        """One request; raises nats.errors.Error or TimeoutError after two seconds."""
        task = asyncio.current_task()
        cancelled = task.cancelling() if task is not None else 0
        try:
            return await self.client.request(
                subject, payload, timeout=REQUEST_SECONDS, headers=headers
            )
        finally:
            if task is not None and task.cancelling() > cancelled:
                # Before Python 3.12 the client's wait_for loses one that meets the answer.
                raise asyncio.CancelledError

    async def publish_all(self, messages: Iterable[Message]) -> None:
        """Publish messages as one piece; raises nats.errors.Error when the broker is away.

        The library's own `publish` checks and writes each header anew, four times as slow.
        """
        client = self.client
        if not client.is_connected:
            raise nats.errors.ConnectionReconnectingError
        frames = [_frame(message) for message in messages]
        if max(map(len, frames)) > client.max_payload:
            # The server would end the connection for good.
            raise nats.errors.MaxPayloadError
        await send_frames(client, b"".join(frames))

    async def api(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to JetStream's API; raises StreamRefused with its code."""
        answer = await self.request(f"$JS.API.{verb}", orjson.dumps(body) if body else b"")
        return checked(answer.data)

    async def stream(self, name: str) -> StreamState | None:
        """The state of a stream; None when there is no such stream."""
        try:
            info = await self.api(f"STREAM.INFO.{name}")
        except StreamRefused as error:
            if error.code == STREAM_NOT_FOUND:
                return None
            raise
        state = info["state"]
        return StreamState(
            state["first_seq"],
            state["last_seq"],
            state["messages"],
            str(info["created"]),
            info["config"],
            state.get("bytes", 0),
        )

    async def message(self, stream: str, sequence: int) -> bytes | None:
        """The body of a message; None when it cannot be read.

        Raises StreamRefused when it is the server that cannot: that says nothing of the message.
        """
        try:
            found = await self.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
        except StreamRefused as error:
            if error.code in (STREAM_NOT_FOUND, NO_MESSAGE):
                return None
            raise
        return b64decode(found["message"].get("data", ""))

    async def stored_ms(self, stream: str, sequence: int) -> int:
        """When a message was stored, in milliseconds; raises StreamRefused when there is none."""
        found = await self.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
        return int(datetime.fromisoformat(found["message"]["time"]).timestamp() * 1000)

    async def store(self) -> StoreState:
        """The room of this account's streams."""
        info = await self.api("INFO")
        limit = info["limits"]["max_storage"]
        return StoreState(info["storage"], limit if limit > 0 else None)


def reached_by(url: str) -> dict[str, Any]:
    """nats-py's options for a URL: the servers' addresses and, apart from them, user and password:
    the servers that the cluster advertises are addresses alone, and need the same credentials.
    """
    parts = [
        urlsplit(server if "//" in server else f"nats://{server}") for server in url.split(",")
    ]
    found = {
        "servers": [urlunsplit(one._replace(netloc=one.netloc.rpartition("@")[2])) for one in parts]
    }
    if parts[0].username is None or parts[0].password is None:
        return found
    return {**found, "user": unquote(parts[0].username), "password": unquote(parts[0].password)}


def _security(who: dict[str, Any]) -> "SASLPlaintext | None":
    from faststream.security import SASLPlaintext

    return SASLPlaintext(who["user"], who["password"]) if "user" in who else None


def _frame(message: Message) -> bytes:
    subject, headers, body = message
    lines = "\r\n".join([f"{name}: {value}" for name, value in headers.items()])
    head = f"NATS/1.0\r\n{lines}\r\n\r\n".encode()
    line = f"HPUB {subject} {len(head)} {len(head) + len(body)}\r\n".encode()
    return b"".join((line, head, body, b"\r\n"))


def checked(payload: bytes) -> dict[str, Any]:
    """A JetStream answer, or StreamRefused when it is an error."""
    try:
        answer = orjson.loads(payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise StreamRefused(0, "answered by someone who is not JetStream")
    if error := answer.get("error"):
        raise StreamRefused(int(error.get("err_code", 0)), str(error.get("description", "")))
    return answer


async def _log_error(error: Exception) -> None:
    # A denied publish shows as nothing but a time-out elsewhere; here the server says why.
    log.warning("bus.error", error=repr(error))
