"""The envelope: an event as it stands in a log and in a stream (CloudEvents 1.0, structured mode).

The document is written once, when the event enters its log, and never again: the stream carries
the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import orjson
from pydantic import ValidationError

from shared.events.base import COMMUNITY_DIGITS, MAX_CAUSES, Cause, Event
from shared.events.registry import model_of

CONTENT_TYPE = "application/cloudevents+json"
TOKEN_DIGITS = (2, 2, 2, 3, 3, 3)
DRILL = '"drill":true,'

E_co = TypeVar("E_co", bound=Event, covariant=True)


class MalformedEvent(ValueError):
    """A document that is not a well-formed event; the message says why."""


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E_co]):
    """An event with the facts of its envelope, as a handler receives it."""

    id: str
    service: str
    sequence: int
    time: datetime
    data: E_co

    def causes(self, policy: str | None = None) -> tuple[Cause, ...]:
        """The `because` of an event that follows from this one, by a line of a policy pack.

        The first cause and the latest ones are kept when there are more than eight.
        """
        own = Cause(
            type=self.data.type,
            id=self.id,
            area=self.data.area[:COMMUNITY_DIGITS],
            occurred_at=self.data.occurred_at,
            policy=policy,
        )
        line = (*self.data.because, own)
        return line if len(line) <= MAX_CAUSES else (line[0], *line[1 - MAX_CAUSES :])


def subject_of(service: str, name: str, area: str) -> str:
    """The NATS subject of an event: `events.<service>.<event>.` and the area's six tokens."""
    return f"events.{service}.{name}.{_tokens(area)}"


@lru_cache(maxsize=16_384)
def _tokens(area: str) -> str:
    tokens, at = [], 0
    for width in TOKEN_DIGITS:
        tokens.append(area[at : at + width] or "_")
        at += width
    return ".".join(tokens)


def schema_name(service: str, name: str) -> str:
    """The name of the schema of an event's `data`, as `dataschema` carries it."""
    return f"urn:bulwark:{service}:{name}:1"


def encode(
    event: Event, event_id: str, sequence: int, time: str, site: str, *, drill: bool
) -> bytes:
    """The document of an event; `time` is RFC 3339. Ids, codes and names need no escaping."""
    causes = event.because
    correlation = causes[0].id if causes else event_id
    causation = f'"causationid":"{causes[-1].id}",' if causes else ""
    schema = schema_name(event.service, event.name)
    head = (
        f'{{"specversion":"1.0","id":"{event_id}","source":"/{site}/{event.service}",'
        f'"type":"{event.type}","time":"{time}","subject":"{event.area}",'
        f'"datacontenttype":"application/json","dataschema":"{schema}",'
        f'"sequence":"{sequence:016d}","correlationid":"{correlation}",{causation}'
        f'{DRILL if drill else ""}"data":'
    )
    return head.encode() + data_json(event) + b"}"


def data_json(event: Event) -> bytes:
    """The event's own fields as JSON, without those that are absent."""
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)


def parse(document: bytes) -> dict[str, Any]:
    """The envelope in a document, not validated; raises MalformedEvent if it is no JSON object."""
    try:
        envelope = orjson.loads(document)
    except ValueError as error:
        raise MalformedEvent(f"no JSON: {error}") from error
    if not isinstance(envelope, dict):
        raise MalformedEvent("not an object")
    return envelope


def position_of(envelope: dict[str, Any]) -> tuple[str, int]:
    """`(service, sequence)` of an envelope; raises MalformedEvent."""
    try:
        return envelope["source"].rsplit("/", 1)[1], int(envelope["sequence"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise MalformedEvent(f"not an event's envelope: {error!r}") from error


def decode(
    envelope: dict[str, Any], position: tuple[str, int] | None = None
) -> Recorded[Event] | None:
    """The event in an envelope; None for a type that this release does not know.

    `position` is that of `position_of`, if known already. Raises MalformedEvent when the envelope
    or the data are not valid.
    """
    service, sequence = position or position_of(envelope)
    kind = envelope.get("type")
    if not isinstance(kind, str):
        raise MalformedEvent(f"its type is {kind!r}")
    model = model_of(kind)
    if model is None:
        return None
    try:
        data = model.model_validate(envelope["data"])
        time = datetime.fromisoformat(envelope["time"])
        return Recorded(str(envelope["id"]), service, sequence, time, data)
    except ValidationError as error:
        # Without the values: they may be personal data.
        errors = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise MalformedEvent(f"{kind}: {'; '.join(errors)}") from None
    except (KeyError, ValueError, TypeError) as error:
        raise MalformedEvent(f"{kind}: {error}") from error
