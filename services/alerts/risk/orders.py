"""The command's orders taking effect and ending (指挥部命令). A4.

The order makes the level; where a proposal waits for the same level, it is accepted by it.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.alerts.risk import domain
from services.alerts.risk.assessment import assessed, cases_of, changed, open_proposal, reassess
from services.alerts.risk.levels import risk_of
from services.alerts.risk.tables import Proposal, RiskOrder
from shared.events.alerts.orders import Order
from shared.events.base import Event
from shared.events.causes import load
from shared.writer.handlers import Tx

EFFECTIVE = "risk.effective"
UNTIL = "risk.until"


def give(tx: Tx, order: RiskOrder) -> list[Event]:
    """Let an order take effect, now or at its hour; one for the same hour takes its place."""
    tx.session.add(order)
    if order.effective_at is None or order.effective_at <= tx.now:
        return take_effect(tx, order)
    same_hour = select(RiskOrder).where(
        RiskOrder.area == order.area,
        RiskOrder.status == "scheduled",
        RiskOrder.effective_at == order.effective_at,
        RiskOrder.id != order.id,
    )
    for other in tx.session.scalars(same_hour):
        other.status = "replaced"
        tx.unschedule(EFFECTIVE, other.id)
    tx.schedule(EFFECTIVE, order.id, order.effective_at)
    return []


def take_effect(tx: Tx, order: RiskOrder) -> list[Event]:
    """Make the ordered level the area's own.

    An order for the level it has is told as well, for its text and its end; the same order once
    more is not.
    """
    risk = risk_of(tx, order.area)
    before = _replace(tx, risk.order_id)
    risk.order_id, order.status = order.id, "in_force"
    if order.until is not None:
        tx.schedule(UNTIL, order.id, order.until)
    found = assessed(tx, order.area, cases_of(tx, order.area))
    risk.stands = domain.order_stands(order.level, found.level, tx.pack)
    proposal = _answered(tx, order)
    if domain.is_repeat(_terms(before) if before else None, _terms(order), risk.level):
        return []
    text = Order(
        text=order.text,
        issuer=order.issuer,
        document=order.document,
        effective_at=order.effective_at,
        until=order.until,
    )
    if proposal is None:
        key = "mode" if tx.pack.mode == "order" else "orders.stand_above_window"
        line = tx.pack.line(key)
        return [changed(tx, risk, order.level, "order", because=(), policy=line, order=text)]
    accepted = changed(
        tx,
        risk,
        order.level,
        "order",
        because=load(proposal.because, proposal.policy),
        policy=proposal.policy,
        evidence=tuple(proposal.evidence),
        order=text,
        proposal_id=proposal.id,
    )
    return [accepted]


def end(tx: Tx, order: RiskOrder) -> list[Event]:
    """The order's own end has come: the cases decide again what is proposed or made."""
    order.status = "ended"
    risk = risk_of(tx, order.area)
    if risk.order_id != order.id:
        return []
    risk.order_id, risk.stands = None, False
    kept = risk.because
    return reassess(tx, order.area, (lambda line: load(kept, line)) if kept else None)


def scheduled(session: Session, area: str) -> list[dict[str, Any]]:
    """The orders of an area that are still to take effect, the next one first."""
    query = (
        select(RiskOrder)
        .where(RiskOrder.area == area, RiskOrder.status == "scheduled")
        .order_by(RiskOrder.effective_at, RiskOrder.id)
    )
    return [
        {
            "id": order.id,
            "level": order.level,
            "reason": order.text,
            "issuer": order.issuer,
            "document": order.document,
            "effective_at": order.effective_at,
            "until": order.until,
        }
        for order in session.scalars(query)
    ]


def _replace(tx: Tx, order_id: str | None) -> RiskOrder | None:
    """End the order in force, if there is one; that order."""
    before = tx.session.get(RiskOrder, order_id) if order_id else None
    if before is None or before.status != "in_force":
        return None
    before.status = "replaced"
    tx.unschedule(UNTIL, before.id)
    return before


def _terms(order: RiskOrder) -> domain.OrderTerms:
    return domain.OrderTerms(order.level, order.text, order.issuer, order.document, order.until)


def _answered(tx: Tx, order: RiskOrder) -> Proposal | None:
    """The open proposal that the order accepts; one for another level is set aside by it."""
    proposal = open_proposal(tx, order.area)
    if proposal is None:
        return None
    accepted = proposal.level == order.level
    proposal.status = "accepted" if accepted else "superseded"
    proposal.decided_by, proposal.decided_at = order.given_by, tx.now
    proposal.decision = order.text
    return proposal if accepted else None
