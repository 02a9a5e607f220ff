"""Keeping what residents are told, as alerts decides it. D10."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from services.rollup.public import domain
from services.rollup.public.domain import Begun, Ended
from services.rollup.public.tables import PublicChange, PublicMeasure, PublicState
from services.rollup.replacing import replace, stored
from shared.database.sql import pieces
from shared.events.alerts.base import AlertsEvent
from shared.events.envelope import Recorded
from shared.writer.handlers import Tx


class _Measures:
    """What a run of events leaves of the measures in force."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any] | None] = {}
        self.ended: list[str] = []
        self._of_measure: dict[str, list[str]] = {}

    def begin(self, begun: Begun, area: str, since: datetime) -> None:
        """A measure is in force."""
        self.rows[begun.id] = {**begun._asdict(), "area": area, "since": since}
        if begun.measure_id is not None:
            self._of_measure.setdefault(begun.measure_id, []).append(begun.id)

    def end(self, ended: Ended) -> None:
        """A measure, or all that belongs to it, is over."""
        self.rows[ended.id] = None
        for id_ in self._of_measure.pop(ended.id, ()):
            row = self.rows[id_]
            # The area's service plan may be of another measure since.
            if row is not None and row["measure_id"] == ended.id:
                self.rows[id_] = None
        self.ended.append(ended.id)

    def write(self, session: Session) -> None:
        """Bring the table to it."""
        for some in pieces(self.ended):
            session.execute(delete(PublicMeasure).where(PublicMeasure.measure_id.in_(some)))
        replace(session, PublicMeasure, self.rows)


def project(tx: Tx, run: list[Recorded[Any]]) -> None:
    """Take a run of events into what residents are told."""
    measures = _Measures()
    states: dict[str, dict[str, Any]] = {}
    changed: dict[str, datetime] = {}
    for recorded in run:
        event = recorded.data
        if not isinstance(event, AlertsEvent):
            continue
        at = event.occurred_at
        change = domain.measure_change(event)
        state = domain.state_change(event)
        if isinstance(change, Begun):
            measures.begin(change, event.area, at)
        elif isinstance(change, Ended):
            measures.end(change)
        if state is not None:
            what, value, order = state
            told = order and order.model_dump(mode="json", exclude_none=True)
            id_ = f"{what}:{event.area}"
            since = _held_since(tx.session, states, id_, value) or at
            row = {"id": id_, "what": what, "area": event.area, "value": value}
            states[id_] = {**row, "since": since, "order": told}
        if change or state:
            changed[event.area] = max(at, changed.get(event.area, at))
    if not changed:
        return
    measures.write(tx.session)
    replace(tx.session, PublicState, states)
    for known in stored(tx.session, PublicChange, list(changed)):
        changed[known.area] = max(known.at, changed[known.area])
    rows = {area: {"area": area, "at": at} for area, at in changed.items()}
    replace(tx.session, PublicChange, rows)


def _held_since(
    session: Session, states: dict[str, dict[str, Any]], id_: str, value: str
) -> datetime | None:
    """Since when a level or situation is this already: an order that confirms it begins nothing."""
    known = states.get(id_) or next(
        (row._asdict() for row in stored(session, PublicState, [id_])), None
    )
    held: datetime | None = known["since"] if known and known["value"] == value else None
    return held
