"""The process manager of the response: a changed level or situation starts and ends measures. D2.

It reacts in the transaction that changed them, after their rows. What stands under the measures,
such as an election, reacts after it to the same event.
"""

from collections.abc import Iterable

from services.alerts.measures import rows
from services.alerts.measures.domain import Changed, Response, leaves_all
from services.alerts.measures.effects import EffectsByKind
from services.alerts.response import domain
from services.alerts.response.alignment import Alignment
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.base import Event, id_from
from shared.events.envelope import Recorded
from shared.events.vocabulary import Level, Situation
from shared.policy.pack import measures_for
from shared.writer.handlers import Tx


def level_changed(
    kinds: EffectsByKind, tx: Tx, changed: Recorded[RiskLevelChanged]
) -> Iterable[Event]:
    """Start, change or end an area's response, and the measures of all its communities.

    An order for the level that the area had already starts nothing again.
    """
    if leaves_all(changed):
        return []
    return [*_respond(tx, changed), *_align(kinds, tx, changed, changed.data.level)]


def situation_changed(
    kinds: EffectsByKind, tx: Tx, changed: Recorded[SituationChanged]
) -> Iterable[Event]:
    """Start and end the measures of a community as its situation asks."""
    return _align(kinds, tx, changed, changed.data.situation)


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


def _align(kinds: EffectsByKind, tx: Tx, changed: Changed, asks: Level | Situation) -> list[Event]:
    alignment = Alignment(tx, changed, kinds)
    changes = alignment.changes(tx.site.areas.communities(changed.data.area))
    return alignment.take(changes, tx.pack.line(f"measures.{asks}"))
