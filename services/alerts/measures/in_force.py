"""The measures in force (防控措施), as other features ask for them. D2.

A community and its grids are under the community's own measures. What belongs to a township or
above is under those that the level in force of that very area asks for.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.orm import Session

from services.alerts.measures import rows
from services.alerts.measures.domain import MeasureFacts, governing
from shared.events.alerts.measures import MeasureKind
from shared.events.base import COMMUNITY_DIGITS, Cause, id_from
from shared.policy.pack import MeasureRule, measures_for
from shared.site import Site
from shared.writer.handlers import Tx

Found = dict[MeasureKind, MeasureFacts]


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
    ordered = sorted(found, key=lambda facts: facts.manual)
    return {facts.kind: facts for facts in ordered}
