"""Subscriber access: lets other systems' accounts read a service's stream, within their rights.

A subscriber has an account of its own in nats-server. Its JetStream requests that could reach
beyond its rights come here, on `subscription.<service>.<name>.<area>.<types>.<verb>`: the account's
imports, which it cannot change, write its rights into the subject. The consumer that was asked for
is made when its filter lies within them; nothing is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import nats.errors
import orjson
from faststream import Depends, ExceptionMiddleware
from faststream.message import StreamMessage
from faststream.nats import NatsRouter
from faststream.nats.annotations import NatsMessage
from faststream.nats.subscriber.usecases import CoreSubscriber
from pydantic import BaseModel, BeforeValidator, ValidationError

from shared.logs import get_logger
from shared.nats.connection import Bus
from shared.nats.request_handlers import RequestHandlers
from shared.nats.subscriber_rights import (
    ANY_SERVICE,
    BAD_REQUEST,
    ROOT,
    OutsideRights,
    Rights,
    consumer_within,
)

# One process of all that share it answers. Processes of older releases use the same name.
QUEUE = "gate"
UNAVAILABLE = 503
# The answer to a client library's first request: whether there is JetStream.
ACCOUNT = {
    "type": "io.nats.jetstream.api.v1.account_info_response",
    **dict.fromkeys(("memory", "storage", "streams", "consumers"), 0),
    "limits": {
        **dict.fromkeys(("max_memory", "max_storage", "max_streams", "max_consumers"), -1),
        **dict.fromkeys(("max_ack_pending", "memory_max_stream_bytes"), -1),
        "storage_max_stream_bytes": -1,
        "max_bytes_required": False,
    },
    "api": {"total": 0, "errors": 0},
}

log = get_logger(__name__)


class CreateRequest(BaseModel):
    """A request to make a consumer, as JetStream's libraries write it."""

    config: dict[str, Any]


class NamesRequest(BaseModel):
    """A request for the streams that a subject lies in."""

    subject: Annotated[str, BeforeValidator(lambda given: str(given or ""))] = ""


class StreamNames(BaseModel):
    """The answer to it: one stream, or none."""

    type: str = "io.nats.jetstream.api.v1.stream_names_response"
    total: int
    offset: int = 0
    limit: int = 1024
    streams: list[str]


class Problem(BaseModel):
    """Why a request was rejected."""

    code: int
    err_code: int = 0
    description: str


class ErrorReply(BaseModel):
    """An error as JetStream writes it."""

    error: Problem


async def rights_of(message: NatsMessage) -> Rights:
    """The rights that the asker's account wrote into the subject."""
    return Rights.of(message.raw_message.subject.split(".")[1:5])


class SubscriberAccess:
    """Answers subscribers' requests about one service's stream, on any of its processes."""

    def __init__(self, service: str, bus: Bus) -> None:
        self.service = service
        self.stream = service.upper()
        self._bus = bus
        self._handlers = RequestHandlers(self.register)

    async def run(self) -> None:
        """Answer until cancelled."""
        try:
            await self._handlers.begin()
            await asyncio.Event().wait()
        finally:
            await self._handlers.end()

    def register(self) -> Sequence[CoreSubscriber]:
        """Register the handlers with the broker, which starts none of them."""
        router = NatsRouter(middlewares=[ExceptionMiddleware(publish_handlers=ERRORS)])
        own, of_any = (
            router.subscriber(f"{ROOT}.{service}.>", queue=QUEUE)
            for service in (self.service, ANY_SERVICE)
        )
        own(self._create, filter=_asks_for("create"), decoder=_json_object)
        own(self._stream_info, filter=_asks_for("stream"))
        for subscriber in (own, of_any):
            subscriber(self._stream_names, filter=_asks_for("names"), decoder=_json_object)
            subscriber(self._account_info, filter=_asks_for("account"))
            subscriber(_not_offered)
        self._bus.broker.include_router(router)
        return own, of_any

    async def _create(
        self, request: CreateRequest, rights: Annotated[Rights, Depends(rights_of)]
    ) -> dict[str, Any]:
        config = consumer_within(request.config, rights)
        wanted = {"stream_name": self.stream, "config": config, "action": "create"}
        answer = await self._ask(f"CONSUMER.CREATE.{self.stream}.{config['name']}", wanted)
        if inbox := request.config.get("deliver_subject"):
            answer.get("config", {}).update(deliver_subject=inbox)
        return answer

    async def _stream_info(self) -> dict[str, Any]:
        # Without the request's own options: a list of subjects would reveal other areas.
        return await self._ask(f"STREAM.INFO.{self.stream}")

    async def _stream_names(self, request: NamesRequest) -> StreamNames:
        tokens = (request.subject or f"events.{self.service}.>").split(".")
        known = len(tokens) > 2 and tokens[0] == "events" and tokens[1].isalpha()
        found = [tokens[1].upper()] if known else []
        return StreamNames(total=len(found), streams=found)

    async def _account_info(self) -> dict[str, Any]:
        return ACCOUNT

    async def _ask(self, verb: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        payload = orjson.dumps(body) if body else b""
        answer = await self._bus.request(f"$JS.API.{verb}", payload)
        return _object(answer.data)


async def _not_offered(message: NatsMessage) -> None:
    raise OutsideRights(f"{_verb_of(message)}: not offered", BAD_REQUEST)


def _verb_of(message: StreamMessage[Any]) -> str:
    tokens: list[str] = message.raw_message.subject.split(".")
    return tokens[5] if len(tokens) > 5 else ""


def _asks_for(verb: str) -> Callable[[StreamMessage[Any]], Awaitable[bool]]:
    # A plain function would be called on a thread.
    async def does(message: StreamMessage[Any]) -> bool:
        return _verb_of(message) == verb

    return does


async def _json_object(message: StreamMessage[Any]) -> dict[str, Any]:
    return _object(message.body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body) if body else {}
    except ValueError as error:
        raise OutsideRights("not JSON", BAD_REQUEST) from error
    if not isinstance(found, dict):
        raise OutsideRights("not an object", BAD_REQUEST)
    return found


async def _refused(error: OutsideRights, message: NatsMessage) -> ErrorReply:
    subscriber = message.raw_message.subject.split(".")[2]
    log.info("subscriber_access.refused", subscriber=subscriber, why=str(error))
    return ErrorReply(error=Problem(code=error.code, description=str(error)))


async def _malformed(error: ValidationError, message: NatsMessage) -> ErrorReply:
    field = error.errors()[0]["loc"][-1]
    return await _refused(OutsideRights(f"{field}: missing", BAD_REQUEST), message)


async def _unavailable(error: Exception) -> ErrorReply:
    return ErrorReply(error=Problem(code=UNAVAILABLE, description=repr(error)))


# What a handler raises is answered too, in JetStream's own form.
ERRORS: dict[type[Exception], Callable[..., Awaitable[ErrorReply]]] = {
    OutsideRights: _refused,
    ValidationError: _malformed,
    nats.errors.Error: _unavailable,
    TimeoutError: _unavailable,
    OSError: _unavailable,
}
