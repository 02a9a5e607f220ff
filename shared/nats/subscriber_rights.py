"""What a subscriber may read, and the consumer that it may have made of its stream.

Its rights stand in the subject of its requests, where the imports of its account write them.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.events.envelope import TOKEN_DIGITS

ANY_TYPE = "all"
ROOT = "subscription"
# Instead of a service, in requests that concern no stream: any service that runs answers them.
ANY_SERVICE = "any"
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
BAD_REQUEST, FORBIDDEN = 400, 403


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
        """The subject prefix of what is pushed to this subscriber: no stream takes it in."""
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

    def allows(self, subject: str) -> bool:
        """Whether a filter lets through nothing but what these rights do."""
        return any(_within(subject.split("."), own.split(".")) for own in self.subjects())


def _within(asked: list[str], own: list[str]) -> bool:
    for at, part in enumerate(own):
        if part == ">":
            return len(asked) > at
        if at >= len(asked) or asked[at] == ">" or part not in ("*", asked[at]):
            return False
    return len(asked) == len(own)


def consumer_within(asked: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    """The consumer to be made of what was asked for; raises OutsideRights.

    Without a filter it is all that the subscriber may read. It lives in memory, at most an hour
    without its reader: the subscriber keeps its own checkpoint.
    """
    if asked.get("durable_name"):
        why = "durable consumers are lost when a stream is rebuilt: keep the sequence yourself"
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
        if not (isinstance(subject, str) and rights.allows(subject)):
            mine = ", ".join(rights.subjects())
            raise OutsideRights(f"filter {subject!r} reaches beyond your rights: {mine}")
    return filters or rights.subjects()
