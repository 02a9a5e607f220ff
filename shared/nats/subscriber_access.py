"""The gate: what lets other systems' accounts read a service's stream, within their rights.

A subscriber has an account of its own in nats-server. Its JetStream requests that could reach
beyond its rights come here, on `subscription.<service>.<name>.<area>.<types>.<verb>`: the account's
imports, which it cannot change, write its rights into the subject. The gate makes the consumer
that was asked for, when its filter lies within them, and keeps nothing.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nats.errors
import orjson
from nats.aio.msg import Msg

from shared.events.envelope import TOKEN_DIGITS
from shared.logs import get_logger
from shared.nats.connection import Bus

ANY_TYPE = "all"
ROOT = "subscription"
# In place of a service, in what concerns no stream: whichever gate there is answers it.
ANY_SERVICE = "any"
OF_ANY = ("account", "names")
DELIVERY = "delivery"
INBOX = "_INBOX."
# A consumer's name is what its messages are asked for by: nobody else may guess it.
NAME_BYTES = 16
NAME = re.compile(r"[A-Za-z0-9]{20,}(_[0-9]{1,9})?", re.ASCII)
DEFAULT_INACTIVE = 60 * 1_000_000_000
MOST_INACTIVE = 3600 * 1_000_000_000
# What a subscriber may say of a consumer; the rest is ours to say.
PASSED = (
    *("deliver_policy", "opt_start_seq", "opt_start_time", "replay_policy", "headers_only"),
    *("ack_policy", "ack_wait", "max_deliver", "max_ack_pending", "backoff", "rate_limit_bps"),
    *("max_waiting", "max_batch", "max_expires", "max_bytes", "idle_heartbeat", "flow_control"),
)
BAD_REQUEST, FORBIDDEN, UNAVAILABLE = 400, 403, 503

log = get_logger(__name__)


class OutsideRights(Exception):
    """A consumer that may not be made; the message says why."""

    def __init__(self, why: str, code: int = FORBIDDEN) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rights:
    """What a subscriber may read of one service: kinds of event (none: all), within an area."""

    service: str
    name: str
    area: str
    types: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        """The subject that carries these rights; a verb follows it."""
        return f"{ROOT}.{self.service}.{self.name}.{self.area}.{','.join(self.types) or ANY_TYPE}"

    @property
    def delivery(self) -> str:
        """Where what is pushed to this subscriber passes through: no stream listens there."""
        return f"{DELIVERY}.{self.name}"

    @classmethod
    def of(cls, tokens: list[str]) -> "Rights":
        """The rights in a subject's tokens, from the service on."""
        service, name, area, types = tokens
        return cls(service, name, area, () if types == ANY_TYPE else tuple(types.split(",")))

    def subjects(self) -> list[str]:
        """The subjects of the events, as filters."""
        tokens, at = [], 0
        for width in TOKEN_DIGITS:
            if at < len(self.area):
                tokens.append(self.area[at : at + width])
            at += width
        tail = tokens if len(tokens) == len(TOKEN_DIGITS) else [*tokens, ">"]
        return [f"events.{self.service}.{kind}.{'.'.join(tail)}" for kind in self.types or ("*",)]

    def cover(self, subject: str) -> bool:
        """Whether a filter lets through nothing but what these rights do."""
        return any(_within(subject.split("."), own.split(".")) for own in self.subjects())


def _within(asked: list[str], own: list[str]) -> bool:
    for at, part in enumerate(own):
        if part == ">":
            return len(asked) > at
        if at >= len(asked) or asked[at] == ">" or part not in ("*", asked[at]):
            return False
    return len(asked) == len(own)


def admitted(asked: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    """The consumer to be made of what was asked for; raises OutsideRights.

    Without a filter it is all that the subscriber may read. It lives in memory, and not beyond an
    hour without its reader: the place is the subscriber's to keep.
    """
    if asked.get("durable_name"):
        why = "durable consumers go when a stream is made again: keep the sequence yourself"
        raise OutsideRights(why, BAD_REQUEST)
    if asked.get("deliver_group"):
        raise OutsideRights("deliver_group: not offered", BAD_REQUEST)
    name = asked.get("name") or secrets.token_hex(NAME_BYTES)
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise OutsideRights("name: leave it to the library, it must not be guessed", BAD_REQUEST)
    inactive = asked.get("inactive_threshold") or DEFAULT_INACTIVE
    if not isinstance(inactive, int):
        raise OutsideRights("inactive_threshold: not a number", BAD_REQUEST)
    config = {key: asked[key] for key in PASSED if asked.get(key) is not None}
    config |= {"name": name, "filter_subjects": _filters(asked, rights), "mem_storage": True}
    config |= {"num_replicas": 1, "inactive_threshold": min(inactive, MOST_INACTIVE)}
    if inbox := asked.get("deliver_subject"):
        if not (isinstance(inbox, str) and inbox.startswith(INBOX)):
            raise OutsideRights("deliver_subject: not an inbox")
        config["deliver_subject"] = f"{rights.delivery}.{inbox}"
    return config


def _filters(asked: Mapping[str, Any], rights: Rights) -> list[str]:
    listed = asked.get("filter_subjects") or []
    filters = [*listed] if isinstance(listed, list) else [listed]
    if one := asked.get("filter_subject"):
        filters.append(one)
    for subject in filters:
        if not (isinstance(subject, str) and rights.cover(subject)):
            mine = ", ".join(rights.subjects())
            raise OutsideRights(f"filter {subject!r} reaches beyond your rights: {mine}")
    return filters or rights.subjects()


class Gate:
    """Answers subscribers' requests about one service's stream, on any of its processes."""

    def __init__(self, service: str, bus: Bus) -> None:
        self.service = service
        self.stream = service.upper()
        self._bus = bus

    async def run(self) -> None:
        """Answer for ever; ends when cancelled."""
        # One of the service's processes answers, whichever it is.
        for service in (self.service, ANY_SERVICE):
            subject = f"{ROOT}.{service}.>"
            await self._bus.client.subscribe(subject, queue="gate", cb=self._answer)
        await asyncio.Event().wait()

    async def _answer(self, message: Msg) -> None:
        tokens = message.subject.split(".")
        verb = tokens[5] if len(tokens) > 5 else ""
        try:
            answer = await self._do(verb, Rights.of(tokens[1:5]), message.data)
        except OutsideRights as error:
            log.info("gate.refused", subscriber=tokens[2], why=str(error))
            answer = refusal(error.code, str(error))
        except (nats.errors.Error, TimeoutError, OSError) as error:
            answer = refusal(UNAVAILABLE, repr(error))
        await message.respond(orjson.dumps(answer))

    async def _do(self, verb: str, rights: Rights, body: bytes) -> dict[str, Any]:
        if rights.service == ANY_SERVICE and verb not in OF_ANY:
            raise OutsideRights(f"{verb}: not offered", BAD_REQUEST)
        match verb:
            case "create":
                return await self._create(rights, _object(body))
            case "stream":
                # Without what was asked: a list of subjects would tell of other areas.
                return await self._ask(f"STREAM.INFO.{self.stream}")
            case "names":
                return _names(str(_object(body).get("subject") or f"events.{self.service}.>"))
            case "account":
                return ACCOUNT
        raise OutsideRights(f"{verb}: not offered", BAD_REQUEST)

    async def _create(self, rights: Rights, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = body.get("config")
        if not isinstance(asked, dict):
            raise OutsideRights("config: missing", BAD_REQUEST)
        config = admitted(asked, rights)
        wish = {"stream_name": self.stream, "config": config, "action": "create"}
        answer = await self._ask(f"CONSUMER.CREATE.{self.stream}.{config['name']}", wish)
        if inbox := asked.get("deliver_subject"):
            answer.get("config", {}).update(deliver_subject=inbox)
        return answer

    async def _ask(self, verb: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        payload = orjson.dumps(body) if body else b""
        answer = await self._bus.request(f"$JS.API.{verb}", payload)
        return _object(answer.data)


# What a library asks before all else: that there is JetStream.
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


def refusal(code: int, why: str) -> dict[str, Any]:
    """An error as JetStream writes it."""
    return {"error": {"code": code, "err_code": 0, "description": why}}


def _names(subject: str) -> dict[str, Any]:
    """The stream that a subject lies in, as STREAM.NAMES tells it."""
    tokens = subject.split(".")
    known = len(tokens) > 2 and tokens[0] == "events" and tokens[1].isalpha()
    found = [tokens[1].upper()] if known else []
    kind = "io.nats.jetstream.api.v1.stream_names_response"
    return {"type": kind, "total": len(found), "offset": 0, "limit": 1024, "streams": found}


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body) if body else {}
    except ValueError as error:
        raise OutsideRights("not JSON", BAD_REQUEST) from error
    if not isinstance(found, dict):
        raise OutsideRights("not an object", BAD_REQUEST)
    return found
