"""Cases, orders and decisions as they come in, and the lapse of time. A3, A4."""

from collections.abc import Iterable

from services.alerts.risk import domain, orders
from services.alerts.risk.assessment import reassess
from services.alerts.risk.evidence import remember
from services.alerts.risk.levels import risk_of
from services.alerts.risk.situations import reassess_situation
from services.alerts.risk.tables import AreaRisk, Proposal, RiskOrder
from shared.clock.clock import CST
from shared.events.alerts.orders import Order
from shared.events.alerts.risk import RiskLevelChanged, RiskLevelDeclined
from shared.events.base import COMMUNITY_DIGITS, AreaCode, Event, Id
from shared.events.causes import dump, load
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported
from shared.events.vocabulary import Actor, Level, ShortText, Text
from shared.exceptions import Conflict, Invalid, NotFound
from shared.i18n.catalogue import Catalogue
from shared.security.audit import record
from shared.writer.commands import Command, Moment, new_id
from shared.writer.handlers import Tx
from shared.writer.timers import Due

TEXTS = Catalogue.beside(__file__)


class OrderLevel(Command):
    """The command's order of an area's level (调整风险等级), with its reason.

    It takes effect at once, or at `effective_at`; after `until` the cases decide again.
    """

    code: AreaCode
    level: Level
    reason: Text
    issuer: Actor | None = None
    document: ShortText | None = None
    effective_at: Moment | None = None
    until: Moment | None = None


class Decide(Command):
    """The command's decision on a proposed level (是否采纳), with its reason."""

    proposal_id: Id
    accept: bool
    reason: Text
    issuer: Actor | None = None
    document: ShortText | None = None


def case_reported(tx: Tx, recorded: Recorded[CaseReported]) -> Iterable[Event]:
    """Work out again the levels and the situation of every area that a case belongs to."""
    known = remember(tx, recorded)
    if known is None:
        return []
    before, after = known
    today = tx.now.astimezone(CST).date()
    concerned = [after.area, *([before.area] if before else [])]
    units = dict.fromkeys(unit for area in concerned for unit in domain.units_of(area))
    events: list[Event] = []
    for area in units:
        news = domain.is_news(before, after, area, today, tx.pack)
        events += reassess(tx, area, recorded.causes, reported=True, news=news)
    for area in units:
        if domain.unit_of(area) == "community":
            events += reassess_situation(tx, area, recorded.causes)
    return events


def order_level(tx: Tx, command: OrderLevel) -> Iterable[Event]:
    """Order an area's level, now or from an hour on; 422 below the community.

    A grid is under its community's measures and can have none of its own.
    """
    if len(command.code) > COMMUNITY_DIGITS and not _lifts(tx, command):
        raise Invalid(TEXTS, "level_below_community", field="code")
    begins = max(tx.now, command.effective_at or tx.now)
    if command.until is not None and command.until <= begins:
        raise Invalid(TEXTS, "until_not_after", field="until")
    record(tx, "risk_level.ordered", command.code, command.reason)
    order = RiskOrder(
        id=command.id,
        area=command.code,
        level=command.level,
        text=command.reason,
        issuer=command.issuer,
        document=command.document,
        effective_at=command.effective_at,
        until=command.until,
        status="scheduled",
        given_by=_caller(tx),
        given_at=tx.now,
    )
    return orders.give(tx, order)


def decide(tx: Tx, command: Decide) -> Iterable[Event]:
    """Accept a proposed level, which orders it, or refuse it."""
    proposal = tx.session.get(Proposal, command.proposal_id)
    if proposal is None:
        raise NotFound(TEXTS, "no_such_proposal", field="proposal_id")
    tx.require_access(proposal.area)
    if proposal.status != "open":
        raise Conflict(TEXTS, "proposal_closed", field="proposal_id", status=proposal.status)
    action = "accepted" if command.accept else "declined"
    record(tx, f"risk_level.proposal_{action}", proposal.id, command.reason)
    if not command.accept:
        return _declined(tx, proposal, command)
    order = RiskOrder(
        id=new_id(),
        area=proposal.area,
        level=proposal.level,
        text=command.reason,
        issuer=command.issuer,
        document=command.document,
        status="scheduled",
        given_by=_caller(tx),
        given_at=tx.now,
    )
    return orders.give(tx, order)


def level_made(tx: Tx, recorded: Recorded[RiskLevelChanged]) -> Iterable[Event]:
    """Keep by which event a level came, for what follows from it later."""
    risk_of(tx, recorded.data.area).because = dump(recorded.causes())
    return []


def window_lapsed(tx: Tx, due: Due) -> Iterable[Event]:
    """A case of the area is no longer new."""
    return reassess(tx, due.key)


def order_effective(tx: Tx, due: Due) -> Iterable[Event]:
    """The hour of a scheduled order has come."""
    order = tx.session.get(RiskOrder, due.key)
    return orders.take_effect(tx, order) if order and order.status == "scheduled" else []


def order_over(tx: Tx, due: Due) -> Iterable[Event]:
    """The end that an order named has come."""
    order = tx.session.get(RiskOrder, due.key)
    return orders.end(tx, order) if order and order.status == "in_force" else []


def _declined(tx: Tx, proposal: Proposal, command: Decide) -> list[Event]:
    proposal.status, proposal.decision = "declined", command.reason
    proposal.decided_by, proposal.decided_at = _caller(tx), tx.now
    risk_of(tx, proposal.area).stands = True
    return [
        RiskLevelDeclined(
            area=proposal.area,
            occurred_at=tx.now,
            because=load(proposal.because),
            proposal_id=proposal.id,
            previous=proposal.previous,
            level=proposal.level,
            order=Order(text=command.reason, issuer=command.issuer, document=command.document),
        )
    ]


def _lifts(tx: Tx, command: OrderLevel) -> bool:
    """Whether it takes back a level that an earlier release let a grid have."""
    own = tx.session.get(AreaRisk, command.code)
    return command.level == "low" and own is not None and own.level != "low"


def _caller(tx: Tx) -> str:
    return tx.caller.name if tx.caller else ""
