"""Why: the chain of causes of anything a service holds, in words, first cause first. P5."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from shared.events.base import AreaCode, Cause, Event, Id
from shared.events.envelope import Recorded, decode, parse
from shared.events.wording import described_to, event_label
from shared.exceptions import NotFound
from shared.http.answers import Explanation
from shared.http.declaration import AreaCheck
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.messages import TEXTS
from shared.security.roles import OF_HEALTH, Role
from shared.writer.log import rows_about


class Why(BaseModel):
    """What is asked about: the id of a thing or of an event."""

    id: Id


MaySee = Callable[[Read, Event], bool]
AreaOf = Callable[[Read, str], AreaCode | None]


def why_routes(
    prefix: str,
    may_see: MaySee = lambda _read, _event: True,
    area_of: AreaOf = lambda _read, _id: None,
) -> Routes:
    """`GET <prefix>/why/{id}`; `may_see` says which events a caller may see at all, `area_of` the
    area of a stored thing, to which nothing may have happened yet."""

    def why(read: Read, query: Why) -> dict[str, Any]:
        """Why something is as it is: what happened to it, and the causes of the last of that."""
        return explain(read, query, may_see, area_of)

    routes = Routes(prefix, "why", TEXTS)
    routes.get("/why/{id}", why, Why, returns=Explanation, roles=tuple(Role), area=AreaCheck.ROW)
    return routes


def explain(read: Read, query: Why, may_see: MaySee, area_of: AreaOf) -> dict[str, Any]:
    """The chain of causes and the history of a thing, both empty while nothing has happened to it;
    NotFound for what is not to be seen."""
    found = [
        recorded
        for row in rows_about(read.session.connection(), query.id)
        if (recorded := decode(parse(bytes(row.document)))) is not None
        and may_see(read, recorded.data)
    ]
    if not found:
        area = area_of(read, query.id)
        if area is None:
            raise NotFound(TEXTS, "no_such_thing", field="id")
        read.require_access(area)
        return {"id": query.id, "chain": [], "history": []}
    latest = found[-1]
    for recorded in found:
        read.require_access(recorded.data.area)
    return {
        "id": query.id,
        "chain": [*_causes(read, latest.data, may_see), _step(read, latest)],
        "history": [_step(read, recorded) for recorded in found],
    }


def _causes(read: Read, event: Event, may_see: MaySee) -> list[dict[str, Any]]:
    return [
        {
            "type": cause.type,
            "id": cause.id,
            "area": cause.area,
            "area_name": _name(read, cause.area),
            "occurred_at": cause.occurred_at,
            "policy": cause.policy,
            "text": _cause_text(read, cause, may_see),
        }
        for cause in event.because
    ]


def _cause_text(read: Read, cause: Cause, may_see: MaySee) -> str:
    """A cause in words: its own sentence where this service's log has it for the caller to see."""
    event = _event(read, cause.id)
    if event is None or not (may_see(read, event) and _concerns(read, event.area)):
        return event_label(cause.type.rsplit(".", 1)[1], read.language)
    return _text(read, event)


def _text(read: Read, event: Event) -> str:
    of_health = read.caller is None or read.caller.role in OF_HEALTH
    return described_to(event, lambda code: _name(read, code), read.language, of_health=of_health)


def _event(read: Read, event_id: str) -> Event | None:
    for row in rows_about(read.session.connection(), event_id):
        recorded = decode(parse(bytes(row.document)))
        if recorded is not None and recorded.id == event_id:
            return recorded.data
    return None


def _concerns(read: Read, area: AreaCode) -> bool:
    """Whether an area is the caller's, lies within it, or is one above it, whose orders hold."""
    own = read.caller.area if read.caller else ""
    return area.startswith(own) or own.startswith(area)


def _step(read: Read, recorded: Recorded[Any]) -> dict[str, Any]:
    event = recorded.data
    return {
        "type": event.type,
        "id": recorded.id,
        "area": event.area,
        "area_name": _name(read, event.area),
        "occurred_at": event.occurred_at,
        "policy": getattr(event, "policy", None),
        "text": _text(read, event),
    }


def _name(read: Read, area: AreaCode) -> str:
    return read.site.areas.full_name(area) if read.site.areas.exists(area) else area
