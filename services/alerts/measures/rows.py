"""The rows of responses and measures, in and out. No other module touches these tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from services.alerts.measures.domain import (
    PARAMETERS,
    Ground,
    ImposedSealing,
    MeasureFacts,
    Response,
)
from services.alerts.measures.tables import grounds, measures, responses
from shared.areas.tree import ancestors
from shared.database.sql import area_range, pieces, send
from shared.events.alerts.measures import MeasureKind
from shared.events.causes import dump, load
from shared.policy.measure import Measure

MANUAL = "manual"
PLAN = "plan"
TOWNSHIP_DIGITS = 9
ADD_MEASURE = "INSERT INTO measures (area, id, ground_id) VALUES (?, ?, ?)"


def responses_around(session: Session, prefix: str) -> dict[str, Response]:
    """The responses that go on in an area, above it and under it, by area."""
    query = select(responses).where(
        responses.c.ended_at.is_(None),
        or_(area_range(responses.c.area, prefix), responses.c.area.in_(ancestors(prefix))),
    )
    return {
        row.area: Response(row.id, row.area, row.level, row.event_id, load(row.because), row.since)
        for row in session.execute(query)
    }


def keep_response(session: Session, response: Response) -> None:
    """Store a response that began or changed."""
    values = {
        "level": response.level,
        "event_id": response.event_id,
        "because": dump(response.because),
        "since": response.since,
    }
    changed = update(responses).where(responses.c.id == response.id).values(values)
    if session.execute(changed).rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(responses).values(id=response.id, area=response.area, **values))


def end_response(session: Session, response_id: str, now: datetime) -> None:
    """Store that a response ended."""
    session.execute(update(responses).where(responses.c.id == response_id).values(ended_at=now))


def active(
    session: Session, prefix: str, kinds: Collection[MeasureKind] | None = None
) -> dict[str, list[MeasureFacts]]:
    """The measures in force in each area that is or lies under a prefix, of all kinds or these."""
    query = (
        select(measures.c.area, measures.c.id, measures.c.ground_id)
        .where(measures.c.ended_at.is_(None), area_range(measures.c.area, prefix))
        .order_by(measures.c.area)
    )
    if kinds is not None:
        query = query.join(grounds, grounds.c.id == measures.c.ground_id)
        query = query.where(grounds.c.kind.in_(kinds))
    rows = session.execute(query).all()
    known = grounds_of(session, {row.ground_id for row in rows})
    found: dict[str, list[MeasureFacts]] = {}
    for area, id_, ground_id in rows:
        found.setdefault(area, []).append(facts_of(id_, area, known[ground_id]))
    return found


def count_in_force(session: Session, kind: MeasureKind) -> dict[str, int]:
    """How many measures of a kind are in force in each area that has any."""
    query = (
        select(measures.c.area, func.count())
        .join(grounds, grounds.c.id == measures.c.ground_id)
        .where(measures.c.ended_at.is_(None), grounds.c.kind == kind)
        .group_by(measures.c.area)
    )
    return dict(session.execute(query).all())


def facts_of(
    measure_id: str, area: str, ground: Ground, ended_at: datetime | None = None
) -> MeasureFacts:
    """One measure of those that share a ground."""
    return MeasureFacts(
        measure_id,
        area,
        ground.kind,
        ground.parameters,
        ground.line,
        ground.because,
        ground.response_id,
        ground.since,
        ground.manual,
        ended_at,
    )


def grounds_of(session: Session, ids: Iterable[str]) -> dict[str, Ground]:
    """Grounds by id."""
    found: dict[str, Ground] = {}
    for some in pieces(sorted(ids)):
        query = select(grounds).where(grounds.c.id.in_(some))
        found.update({row.id: _ground(row) for row in session.execute(query)})
    return found


def _ground(row: Row[tuple[object, ...]]) -> Ground:
    manual = row.source == MANUAL
    return Ground(
        row.id,
        row.kind,
        _parameters(row.kind, manual, row.parameters),
        row.line,
        load(row.because),
        row.response_id,
        row.since,
        manual,
    )


def _parameters(kind: MeasureKind, manual: bool, values: Mapping[str, object]) -> Measure:
    model = ImposedSealing if manual and kind == "sealing" else PARAMETERS[kind]
    # JSON has no tuples: what is strict in a pack is not so here.
    return model.model_validate(values, strict=False)


def add_grounds(session: Session, new: Sequence[Ground]) -> None:
    """Store grounds."""
    rows = [
        {
            "id": ground.id,
            "kind": ground.kind,
            "source": MANUAL if ground.manual else PLAN,
            "parameters": ground.parameters.model_dump(mode="json"),
            "line": ground.line,
            "because": dump(ground.because),
            "response_id": ground.response_id,
            "since": ground.since,
        }
        for ground in new
    ]
    if rows:
        session.execute(insert(grounds), rows)


class New(NamedTuple):
    """A measure that begins."""

    area: str
    id: str
    ground_id: str


def add_measures(session: Session, new: Sequence[New]) -> None:
    """Store measures that began."""
    if new:
        send(session.connection(), ADD_MEASURE, new)


def end_measures(session: Session, ended: Iterable[MeasureFacts], now: datetime) -> None:
    """Store that measures ended."""
    keys = [{"in_area": facts.area, "with_id": facts.id} for facts in ended]
    if keys:
        here = (measures.c.area == bindparam("in_area")) & (measures.c.id == bindparam("with_id"))
        session.connection().execute(update(measures).where(here).values(ended_at=now), keys)


def move(session: Session, moved: Iterable[tuple[MeasureFacts, str]]) -> None:
    """Put active measures on other grounds, given by id."""
    keys = [{"in_area": f.area, "with_id": f.id, "on": ground} for f, ground in moved]
    if keys:
        here = (measures.c.area == bindparam("in_area")) & (measures.c.id == bindparam("with_id"))
        put = update(measures).where(here).values(ground_id=bindparam("on"))
        session.connection().execute(put, keys)


def ended_since(session: Session, areas: Collection[str], since: datetime) -> list[MeasureFacts]:
    """The measures of these very areas that ended since a time, the latest first."""
    query = (
        select(measures)
        .where(measures.c.area.in_(areas), measures.c.ended_at >= since)
        .order_by(measures.c.ended_at.desc(), measures.c.id)
    )
    found = session.execute(query).all()
    known = grounds_of(session, {row.ground_id for row in found})
    return [facts_of(row.id, row.area, known[row.ground_id], row.ended_at) for row in found]


def one_of_each(
    session: Session, prefix: str, *, ended_since: datetime | None = None
) -> list[tuple[MeasureFacts, int]]:
    """One measure for each kind and source under a prefix, with how many areas have such a one.

    Of the measures in force, or of those that ended since a time.
    """
    ended = measures.c.ended_at
    which = ended.is_(None) if ended_since is None else ended >= ended_since
    under = area_range(measures.c.area, prefix)
    if ended_since is not None and len(prefix) < TOWNSHIP_DIGITS:
        # No range of the key: of a county's years only what ended lately is to be looked at.
        under = func.substr(measures.c.area, 1, len(prefix)) == prefix
    # In force it has each kind once, so that there is nothing to tell apart.
    counted = measures.c.area if ended_since is None else measures.c.area.distinct()
    query = (
        select(grounds.c.kind, grounds.c.source, func.min(measures.c.area), func.count(counted))
        .join(grounds, grounds.c.id == measures.c.ground_id)
        .where(under, which)
        .group_by(grounds.c.kind, grounds.c.source)
    )
    found = {(area, kind, source): n for kind, source, area, n in session.execute(query)}
    ones = (
        select(measures, grounds.c.kind, grounds.c.source)
        .join(grounds, grounds.c.id == measures.c.ground_id)
        .where(measures.c.area.in_({area for area, _, _ in found}), which)
        .order_by(grounds.c.since.desc(), measures.c.id)
    )
    rows = {(row.area, row.kind, row.source): row for row in session.execute(ones)}
    known = grounds_of(session, {row.ground_id for row in rows.values()})
    return [
        (facts_of(row.id, row.area, known[row.ground_id], row.ended_at), found[key])
        for key, row in rows.items()
        if key in found
    ]
