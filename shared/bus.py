"""The connection to the broker, and the few JetStream requests that relay and reader make.

FastStream owns the connection; relay and reader speak to JetStream through it with nats-py.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from faststream.exceptions import IncorrectState
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.aio.msg import Msg

REQUEST_SECONDS = 2.0
STREAM_NOT_FOUND = 10059
CONSUMER_NOT_FOUND = 10014
NO_MESSAGE = 10037
WRONG_LAST_SEQUENCE = 10071

log = structlog.get_logger(__name__)


class StreamRefused(Exception):
    """JetStream answered a request with an error; `code` is its err_code."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class StreamState:
    """What STREAM.INFO says: the numbers it spans, how many messages it holds, its birth."""

    first: int
    last: int
    messages: int
    created: str


class Bus:
    """One connection to the broker, which is kept trying for ever."""

    def __init__(self, url: str, name: str) -> None:
        self.broker = NatsBroker(
            url.split(","),
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=_tell_error,
            logger=None,
        )

    @property
    def client(self) -> Client:
        """The nats-py client."""
        return self.broker.connection

    @property
    def connected(self) -> bool:
        """Whether the broker answers at present."""
        try:
            return bool(self.client.is_connected)
        except IncorrectState:
            return False

    async def connect(self) -> None:
        """Connect; waits as long as the broker is away."""
        await self.broker.connect()

    async def close(self) -> None:
        """Leave the broker, without waiting for one that is gone."""
        try:
            await asyncio.wait_for(self.broker.stop(), REQUEST_SECONDS)
        except (TimeoutError, OSError, asyncio.CancelledError):
            log.debug("bus.closed_hard")

    async def request(self, subject: str, payload: bytes = b"", **headers: str) -> Msg:
        """One request; raises nats.errors.Error or TimeoutError after two seconds."""
        named = {key.replace("_", "-"): value for key, value in headers.items()} or None
        return await self.client.request(subject, payload, timeout=REQUEST_SECONDS, headers=named)

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
            state["first_seq"], state["last_seq"], state["messages"], str(info["created"])
        )

    async def message(self, stream: str, sequence: int) -> bytes | None:
        """The body of a message; None when it cannot be read."""
        from base64 import b64decode

        try:
            found = await self.api(f"STREAM.MSG.GET.{stream}", {"seq": sequence})
        except StreamRefused as error:
            if error.code in (STREAM_NOT_FOUND, NO_MESSAGE):
                return None
            log.warning("bus.unreadable", stream=stream, sequence=sequence, error=str(error))
            return None
        return b64decode(found["message"].get("data", ""))


def checked(payload: bytes) -> dict[str, Any]:
    """A JetStream answer, or StreamRefused when it is an error."""
    answer: dict[str, Any] = orjson.loads(payload)
    if error := answer.get("error"):
        raise StreamRefused(int(error.get("err_code", 0)), str(error.get("description", "")))
    return answer


async def _tell_error(error: Exception) -> None:
    # A denied publish shows as nothing but a time-out elsewhere; here the server says why.
    log.warning("bus.error", error=repr(error))
