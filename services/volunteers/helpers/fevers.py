"""Fevers of volunteers: who has one may not serve until it is closed. V3, D1.

The fevers of all registered people are remembered, as someone may become a helper afterwards.
"""

from collections.abc import Iterable

from sqlalchemy import select

from services.volunteers.helpers import domain
from services.volunteers.helpers.domain import Fever
from services.volunteers.helpers.tables import Helper, PersonFever
from services.volunteers.register import handlers as register
from shared.events.alerts.fevers import AlertResolved, FeverDetected
from shared.events.base import Cause, Event
from shared.events.causes import dump, load
from shared.events.envelope import Recorded
from shared.events.volunteers.helpers import HelperReturned, HelperStoodDown
from shared.exceptions import Conflict
from shared.i18n.catalogue import Catalogue
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)

WINDOW = "helpers.window"
WINDOW_LINE = "risk.window_days"


def found(tx: Tx, recorded: Recorded[FeverDetected]) -> Iterable[Event]:
    """A fever was found: whoever it is of stands down."""
    event = recorded.data
    if event.person_id is None:
        return ()
    row = tx.session.get(PersonFever, event.alert_id)
    if row is None:
        row = PersonFever(alert_id=event.alert_id)
        tx.session.add(row)
    row.found_at, row.person_id = event.occurred_at, event.person_id
    row.because = dump(recorded.causes())
    tx.session.flush()
    events = [
        stood_down
        for helper in _helpers_of(tx, event.person_id)
        for stood_down in stand_down_if_barred(tx, helper)
    ]
    if register.is_erased(tx.session, event.person_id):
        forget_person(tx, event.person_id)
    return events


def resolved(tx: Tx, recorded: Recorded[AlertResolved]) -> Iterable[Event]:
    """The clinic closed an alert: after a false alarm the helper serves again at once, after any
    other outcome when the window is over."""
    event = recorded.data
    row = tx.session.get(PersonFever, event.alert_id)
    if row is None:
        # Remembered, for the fever itself may be heard of later.
        row = PersonFever(alert_id=event.alert_id, because=[])
        tx.session.add(row)
    row.outcome, row.closed_because = event.outcome, dump(recorded.causes())
    tx.session.flush()
    if row.person_id is None:
        return ()
    return _looked_at_again(tx, row.person_id, recorded.causes())


def window_over(tx: Tx, due: Due) -> Iterable[Event]:
    """The window of a helper's fever is over: who is barred by nothing else serves again. V3."""
    helper = tx.session.get(Helper, due.key)
    if helper is None or helper.person_id is None:
        return ()
    real = [row for row in _fevers_of(tx, helper.person_id) if row.outcome != "false_alarm"]
    last = max(real, key=lambda row: (str(row.found_at), row.alert_id), default=None)
    if last is None:
        # Not even known any more: a coordinator takes them back.
        return ()
    because = load(last.closed_because or last.because, tx.pack.line(WINDOW_LINE))
    return _looked_at_again(tx, helper.person_id, because)


def forget_person(tx: Tx, person_id: str) -> None:
    """Forget whose the fevers of an erased person were, but for those that bar a helper.

    A helper with a fever may not serve, erased or not: those are forgotten when they are over.
    """
    serves = bool(_helpers_of(tx, person_id))
    for row in _fevers_of(tx, person_id):
        if not (serves and _bars(tx, row)):
            row.person_id, row.because, row.closed_because = None, [], None


def stand_down_if_barred(tx: Tx, helper: Helper) -> list[Event]:
    """Stand a helper down for a known fever, with its causes; nothing when there is none."""
    fever = _barring(tx, helper)
    if fever is None or helper.status == "stood_down":
        return []
    _watch(tx, helper)
    helper.status, helper.reason, helper.status_since = "stood_down", "fever", tx.now
    row = tx.session.get_one(PersonFever, fever.alert_id)
    event = HelperStoodDown(
        area=helper.area,
        occurred_at=tx.now,
        because=load(row.because),
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


def _looked_at_again(tx: Tx, person_id: str, because: tuple[Cause, ...]) -> list[Event]:
    """Those of a person's helpers serve again whom nothing bars any more."""
    events: list[Event] = []
    for helper in _helpers_of(tx, person_id):
        if helper.status != "stood_down":
            continue
        if _barring(tx, helper) is None:
            events += _take_back(tx, helper, because)
        else:
            _watch(tx, helper)
    if register.is_erased(tx.session, person_id):
        forget_person(tx, person_id)
    return events


def _watch(tx: Tx, helper: Helper) -> None:
    """Ask to be called when the window of a helper's last closed fever is over."""
    days = tx.pack.risk.window_days
    closed = [fever for fever in _known(tx, helper) if fever.outcome is not None]
    over = [domain.over_at(fever, days) for fever in closed if domain.bars(fever, tx.now, days)]
    if over:
        tx.schedule(WINDOW, helper.id, max(over))


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
    return domain.barring(_known(tx, helper), tx.now, tx.pack.risk.window_days)


def _known(tx: Tx, helper: Helper) -> list[Fever]:
    rows = [] if helper.person_id is None else _fevers_of(tx, helper.person_id)
    return [Fever(row.alert_id, row.found_at, row.outcome) for row in rows if row.found_at]


def _bars(tx: Tx, row: PersonFever) -> bool:
    if row.found_at is None:
        return False
    fever = Fever(row.alert_id, row.found_at, row.outcome)
    return domain.bars(fever, tx.now, tx.pack.risk.window_days)


def _helpers_of(tx: Tx, person_id: str) -> list[Helper]:
    query = select(Helper).where(Helper.person_id == person_id).order_by(Helper.id)
    return list(tx.session.scalars(query))


def _fevers_of(tx: Tx, person_id: str) -> list[PersonFever]:
    return list(tx.session.scalars(select(PersonFever).where(PersonFever.person_id == person_id)))
