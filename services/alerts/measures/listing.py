"""The measures of an area as its page lists them, with those that ended lately. D2."""

from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy.orm import Session

from services.alerts.measures import rows
from services.alerts.measures.domain import ALWAYS_PASS, MeasureFacts
from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind
from shared.events.base import COMMUNITY_DIGITS
from shared.events.causes import Stored, dump
from shared.site import Site

SHOWN_AFTER_END = timedelta(days=7)
GATES: tuple[MeasureKind, ...] = ("checkpoint", "sealing")


class Listed(TypedDict, total=False):
    """A measure as `GET /alerts/areas/{code}` lists it.

    `status` is `active`, `ended`, or `proposed` for a sealing that nobody has ordered. Where an
    area above the community is asked for, `communities` counts those that have it.
    """

    id: str
    kind: MeasureKind
    status: str
    since: datetime
    ended_at: datetime | None
    area: str
    because: Stored
    line: str | None
    source: str
    response_id: str | None
    parameters: dict[str, Any]
    always_pass: tuple[str, ...]
    communities: int


def listed(session: Session, site: Site, area: str) -> list[Listed]:
    """The measures of an area with those that ended in the last seven days, active ones first.

    A grid has its community's, and its own where something was ordered for it alone. Above the
    community one entry of each kind stands for all communities that have it: its id and causes are
    those of one of them, so that `why` can tell.
    """
    ended_since = site.clock.now() - SHOWN_AFTER_END
    if len(area) < COMMUNITY_DIGITS:
        return _listed_together(session, area, ended_since)
    places = sorted({area[:COMMUNITY_DIGITS], area})
    active = rows.active(session, places[0])
    found = sorted((facts for place in places for facts in active.get(place, ())), key=_order)
    return [_entry(facts) for facts in (*found, *rows.ended_since(session, places, ended_since))]


def _order(facts: MeasureFacts) -> tuple[int, str]:
    return MEASURE_KINDS.index(facts.kind), facts.id


def _entry(facts: MeasureFacts, communities: int | None = None) -> Listed:
    assert facts.since is not None
    entry = Listed(
        id=facts.id,
        kind=facts.kind,
        status=_status(facts),
        since=facts.since,
        ended_at=facts.ended_at,
        area=facts.area,
        because=dump(facts.because),
        line=facts.line,
        source=rows.MANUAL if facts.manual else rows.PLAN,
        response_id=facts.response_id,
        parameters=facts.parameters.model_dump(mode="json"),
    )
    if facts.kind in GATES:
        entry["always_pass"] = ALWAYS_PASS
    if communities is not None:
        entry["communities"] = communities
    return entry


def _status(facts: MeasureFacts) -> str:
    if facts.ended_at is not None:
        return "ended"
    return "proposed" if facts.kind == "sealing" and not facts.manual else "active"


def _listed_together(session: Session, area: str, ended_since: datetime) -> list[Listed]:
    active = rows.one_of_each(session, area)
    kinds = {facts.kind for facts, _ in active}
    gone = rows.one_of_each(session, area, ended_since=ended_since)
    found = [*active, *(one for one in gone if one[0].kind not in kinds)]
    found.sort(key=lambda one: (one[0].ended_at is not None, *_order(one[0])))
    return [_entry(facts, communities) for facts, communities in found]
