"""The measures in force (防控措施): as other features ask for them, as an area's page lists them.

A community and its grids are under the community's own measures. What belongs to a township or
above is under those that the level in force of that very area asks for. D2.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy.orm import Session

from services.alerts.checkpoints.domain import ALWAYS_PASS
from services.alerts.response import rows
from services.alerts.response.domain import MeasureFacts, governing
from services.alerts.service_plans.domain import EVERYDAY
from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind
from shared.events.alerts.service_plans import ServicePlan
from shared.events.base import COMMUNITY_DIGITS, Cause, id_from
from shared.events.causes import Stored, dump
from shared.policy.pack import MeasureRule, ServicePlanChange, measures_for
from shared.site import Site
from shared.writer.handlers import Tx

__all__ = [
    "Listed",
    "MeasureFacts",
    "causes_under",
    "in_force",
    "in_force_under",
    "listed",
    "service_plan",
    "standing_under",
]

SHOWN_AFTER_END = timedelta(days=7)
GATES: tuple[MeasureKind, ...] = ("checkpoint", "sealing")
PLANS: tuple[MeasureKind, ...] = ("service_plan",)

Found = dict[MeasureKind, MeasureFacts]


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


def in_force(
    of: Session | Tx, site: Site, area: str, kinds: Collection[MeasureKind] | None = None
) -> Found:
    """The measures in force in one area by kind: all of them, or these kinds."""
    session = of.session if isinstance(of, Tx) else of
    if len(area) < COMMUNITY_DIGITS:
        return _of_wide_area(session, site, area, kinds)
    community = area[:COMMUNITY_DIGITS]
    found = rows.active(session, community, kinds)
    return _by_kind([*found.get(community, ()), *found.get(area, ())])


def in_force_under(
    of: Session | Tx, _site: Site, prefix: str, kinds: Collection[MeasureKind] | None = None
) -> dict[str, Found]:
    """`in_force` of every community under a prefix that has any, with one look at the rows."""
    session = of.session if isinstance(of, Tx) else of
    found = rows.active(session, prefix, kinds)
    return {area: _by_kind(facts) for area, facts in found.items()}


def standing_under(
    session: Session, prefix: str, kind: MeasureKind
) -> dict[str, list[MeasureFacts]]:
    """The measures of one kind in each area under a prefix, by the plan and by hand."""
    return rows.active(session, prefix, (kind,))


def service_plan(session: Session, site: Site, area: str) -> ServicePlan:
    """The service plan in force (社区服务预案); the everyday one without a response. D8."""
    measure = in_force(session, site, area, PLANS).get("service_plan")
    plan = measure.parameters if measure else None
    return plan.plan if isinstance(plan, ServicePlanChange) else EVERYDAY


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


def causes_under(causes: Sequence[Cause], line: str | None) -> tuple[Cause, ...]:
    """A line of causes whose last step leads on by this policy line."""
    return (*causes[:-1], causes[-1].model_copy(update={"policy": line}))


def _of_wide_area(
    session: Session, site: Site, area: str, kinds: Collection[MeasureKind] | None
) -> Found:
    response = governing(rows.responses_around(session, area), area)
    if response is None:
        return {}

    def facts(rule: MeasureRule) -> MeasureFacts:
        return MeasureFacts(
            id_from(response.event_id, f"{rule.kind}:{area}"),
            area,
            rule.kind,
            rule.parameters,
            rule.line,
            causes_under(response.because, rule.line),
            response.id,
            response.since,
        )

    rules = measures_for(response.level, None, (), site.pack())
    return {rule.kind: facts(rule) for rule in rules if kinds is None or rule.kind in kinds}


def _by_kind(found: Iterable[MeasureFacts]) -> Found:
    """One of each kind: what was ordered by hand stands before what the plan did."""
    ordered = sorted(found, key=lambda facts: facts.by_hand)
    return {facts.kind: facts for facts in ordered}


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
        source=rows.MANUAL if facts.by_hand else rows.PLAN,
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
    return "proposed" if facts.kind == "sealing" and not facts.by_hand else "active"


def _listed_together(session: Session, area: str, ended_since: datetime) -> list[Listed]:
    active = rows.one_of_each(session, area)
    kinds = {facts.kind for facts, _ in active}
    gone = rows.one_of_each(session, area, ended_since=ended_since)
    found = [*active, *(one for one in gone if one[0].kind not in kinds)]
    found.sort(key=lambda one: (one[0].ended_at is not None, *_order(one[0])))
    return [_entry(facts, communities) for facts, communities in found]
