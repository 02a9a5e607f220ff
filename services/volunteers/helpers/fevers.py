"""Fevers of volunteers: who has one may not serve until it is closed. V3, D1.

The fevers of all registered people are remembered, as someone may become a helper afterwards.
"""

from collections.abc import Iterable

from sqlalchemy import select

from services.volunteers.helpers import domain
from services.volunteers.helpers.domain import Fever
from services.volunteers.helpers.tables import Helper, PersonFever
from services.volunteers.register import handlers as register
from services.volunteers.texts import TEXTS
from shared.causes import restored, stored
from shared.events import Cause, Event, Recorded
from shared.events.alerts import AlertResolved, FeverDetected
from shared.events.volunteers import HelperReturned, HelperStoodDown
from shared.refusal import Conflict
from shared.transaction import Tx


def found(tx: Tx, recorded: Recorded[FeverDetected]) -> Iterable[Event]:
    """A fever was found: whoever it is of stands down."""
    event = recorded.data
    if event.person_id is None:
        return ()
    erased = register.is_erased(tx.session, event.person_id)
    row = tx.session.get(PersonFever, event.alert_id)
    if row is None:
        row = PersonFever(alert_id=event.alert_id)
        tx.session.add(row)
    row.found_at = event.occurred_at
    row.person_id = None if erased else event.person_id
    row.because = [] if erased else stored(recorded.causes())
    tx.session.flush()
    return [
        stood_down
        for helper in _helpers_of(tx, event.person_id)
        for stood_down in stand_down_if_barred(tx, helper)
    ]


def resolved(tx: Tx, recorded: Recorded[AlertResolved]) -> Iterable[Event]:
    """The clinic closed an alert: after a false alarm the helper serves again."""
    event = recorded.data
    row = tx.session.get(PersonFever, event.alert_id)
    if row is None:
        # Remembered, for the fever itself may be heard of later.
        tx.session.add(PersonFever(alert_id=event.alert_id, outcome=event.outcome, because=[]))
        return ()
    row.outcome = event.outcome
    tx.session.flush()
    if row.person_id is None or event.outcome != "false_alarm":
        return ()
    return [
        returned
        for helper in _helpers_of(tx, row.person_id)
        if helper.status == "stood_down" and _barring(tx, helper) is None
        for returned in _take_back(tx, helper, recorded.causes())
    ]


def forget_person(tx: Tx, person_id: str) -> None:
    """Forget whose the fevers of an erased person were."""
    for row in _fevers_of(tx, person_id):
        row.person_id, row.because = None, []


def stand_down_if_barred(tx: Tx, helper: Helper) -> list[Event]:
    """Stand a helper down for a known fever, with its causes; nothing when there is none."""
    fever = _barring(tx, helper)
    if fever is None or helper.status == "stood_down":
        return []
    helper.status, helper.reason, helper.status_since = "stood_down", "fever", tx.now
    row = tx.session.get_one(PersonFever, fever.alert_id)
    event = HelperStoodDown(
        area=helper.area,
        occurred_at=tx.now,
        because=restored(row.because),
        helper_id=helper.id,
        person_id=helper.person_id,
        reason="fever",
    )
    return [event]


def clear(tx: Tx, helper: Helper) -> None:
    """A coordinator takes a helper back: closed fevers no longer count.

    Raises Conflict while one is open, as the clinic alone closes it. D1.
    """
    if helper.person_id is None:
        return
    for row in _fevers_of(tx, helper.person_id):
        if row.outcome is None:
            raise Conflict(TEXTS, "fever_open", field="status", alert_id=row.alert_id)
        tx.session.delete(row)


def _take_back(tx: Tx, helper: Helper, because: tuple[Cause, ...]) -> list[HelperReturned]:
    helper.status, helper.reason = domain.standing(helper.away), helper.away
    helper.status_since = tx.now
    if helper.away is not None:
        return []
    event = HelperReturned(
        area=helper.area,
        occurred_at=tx.now,
        because=because,
        helper_id=helper.id,
        person_id=helper.person_id,
        reason="fever",
    )
    return [event]


def _barring(tx: Tx, helper: Helper) -> Fever | None:
    if helper.person_id is None:
        return None
    known = [
        Fever(row.alert_id, row.found_at, row.outcome)
        for row in _fevers_of(tx, helper.person_id)
        if row.found_at is not None
    ]
    return domain.barring(known, tx.now, tx.pack.risk.window_days)


def _helpers_of(tx: Tx, person_id: str) -> list[Helper]:
    query = select(Helper).where(Helper.person_id == person_id).order_by(Helper.id)
    return list(tx.session.scalars(query))


def _fevers_of(tx: Tx, person_id: str) -> list[PersonFever]:
    return list(tx.session.scalars(select(PersonFever).where(PersonFever.person_id == person_id)))
