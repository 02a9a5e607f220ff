"""The process manager of the response: a changed level or situation starts and ends measures. D2.

It reacts in the transaction that changed them, after their rows; elections, venues and activities
follow the measures in force.
"""

from collections.abc import Iterable

from services.alerts.activities import handlers as activities
from services.alerts.elections import handlers as elections
from services.alerts.response import domain, rows
from services.alerts.response.alignment import Alignment
from services.alerts.response.domain import Response
from services.alerts.venues import handlers as venues
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.base import Event, id_from
from shared.events.envelope import Recorded
from shared.events.vocabulary import Level, Situation
from shared.policy.pack import measures_for
from shared.writer.handlers import Tx

Changed = Recorded[RiskLevelChanged] | Recorded[SituationChanged]


def level_changed(tx: Tx, changed: Recorded[RiskLevelChanged]) -> Iterable[Event]:
    """Start, change or end an area's response, and the measures of all its communities.

    An order for the level that the area had already starts nothing again.
    """
    if changed.data.level == changed.data.previous:
        return []
    return [*_respond(tx, changed), *_follow(tx, changed, changed.data.level)]


def situation_changed(tx: Tx, changed: Recorded[SituationChanged]) -> Iterable[Event]:
    """Start and end the measures of a community as its situation asks."""
    return _follow(tx, changed, changed.data.situation)


def _respond(tx: Tx, changed: Recorded[RiskLevelChanged]) -> list[Event]:
    event, pack = changed.data, tx.pack
    before = rows.responses_around(tx.session, event.area).get(event.area)
    ends = before is not None and event.level == "low"
    response = Response(
        before.id if before else id_from(changed.id, f"response:{event.area}"),
        event.area,
        event.level,
        changed.id,
        changed.causes(),
        tx.now,
    )
    rules = measures_for(before.level if before and ends else event.level, None, (), pack)
    kinds = tuple(rule.kind for rule in rules)
    line = pack.line(f"measures.{event.level}")
    told = domain.responded(changed, before, response.id, kinds, line, tx.now)
    if told is None:
        return []
    if ends:
        rows.end_response(tx.session, response.id, tx.now)
    else:
        rows.keep_response(tx.session, response)
    return [told]


def _follow(tx: Tx, changed: Changed, asks: Level | Situation) -> list[Event]:
    area = changed.data.area
    alignment = Alignment(tx, changed)
    changes = alignment.changes(tx.site.areas.communities(area))
    events = alignment.take(changes, tx.pack.line(f"measures.{asks}"))
    for feature in (elections, venues, activities):
        events.extend(feature.measures_changed(tx, area, changed))
    return events
