"""What a level would do before anyone orders it (预演): the order is tried out and undone. P6.

Nothing is worked out beside the order itself, so the preview cannot differ from what follows.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from services.alerts.measures import rows
from services.alerts.measures.domain import MeasureFacts
from services.alerts.risk.handlers import OrderLevel, order_level
from shared.events.alerts.activities import ActivityCalledOff
from shared.events.alerts.elections import ElectionPaused, ElectionResumed
from shared.events.alerts.measures import MEASURE_KINDS, MeasureKind
from shared.events.alerts.venues import VenueClosed, VenueLimited, VenueOpened
from shared.events.base import Event
from shared.events.vocabulary import Text
from shared.writer.commands import new_id
from shared.writer.transaction import Transaction

Change = Literal["start", "change", "end"]
Standing = dict[tuple[str, MeasureKind], MeasureFacts]


class PreviewLevel(OrderLevel):
    """A level that might be ordered; what an order has besides is allowed and changes nothing."""

    reason: Text = "预演 / preview"


def preview(tx: Transaction, request: PreviewLevel) -> dict[str, Any]:
    """Every measure that ordering this level at once would start, change or end, and what follows.

    `totals` counts the measures by kind; `elections`, `venues` and `activities` list what becomes
    of them.
    """
    before = _standing(tx, request.code)
    order = OrderLevel(id=new_id(), code=request.code, level=request.level, reason=request.reason)
    events = tx.append(order_level(tx, order))
    measures = list(_compared(before, _standing(tx, request.code)))
    return {
        "area": request.code,
        "level": request.level,
        "measures": measures,
        "totals": _totals(measures),
        "elections": list(_elections(events)),
        "venues": list(_venues(events)),
        "activities": list(_activities(events)),
    }


def _standing(tx: Transaction, area: str) -> Standing:
    found = rows.active(tx.session, area)
    return {
        (place, facts.kind): facts
        for place, held in found.items()
        for facts in held
        if not facts.manual
    }


def _compared(before: Standing, after: Standing) -> Iterator[dict[str, Any]]:
    places = before.keys() | after.keys()
    for key in sorted(places, key=lambda place: (place[0], MEASURE_KINDS.index(place[1]))):
        was, will_be = before.get(key), after.get(key)
        if was and will_be and was.id == will_be.id:
            continue
        shown = will_be or was
        change: Change = "end" if will_be is None else "change" if was else "start"
        yield {
            "area": key[0],
            "kind": key[1],
            "change": change,
            "parameters": shown.parameters.model_dump(mode="json") if shown else {},
            "line": shown.line if shown else None,
        }


def _totals(measures: Iterable[dict[str, Any]]) -> dict[str, dict[Change, int]]:
    totals: dict[str, dict[Change, int]] = {}
    for measure in measures:
        of_kind = totals.setdefault(measure["kind"], {"start": 0, "change": 0, "end": 0})
        change: Change = measure["change"]
        of_kind[change] += 1
    return totals


def _elections(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, ElectionPaused | ElectionResumed):
            change = "paused" if isinstance(event, ElectionPaused) else "resumed"
            yield {
                "id": event.election_id,
                "area": event.area,
                "change": change,
                "polling_on": event.polling_on,
            }


def _venues(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, VenueClosed | VenueLimited | VenueOpened):
            yield {
                "id": event.venue_id,
                "area": event.area,
                "kind": event.kind,
                "change": event.name.removeprefix("venue_"),
                "limit": event.limit if isinstance(event, VenueLimited) else None,
            }


def _activities(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    for event in events:
        if isinstance(event, ActivityCalledOff):
            yield {
                "id": event.activity_id,
                "area": event.area,
                "kind": event.kind,
                "change": "called_off",
                "people": event.people,
                "starts_at": event.starts_at,
            }
