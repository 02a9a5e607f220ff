"""Sealing by the command's order: imposed, and lifted; the plan only ever proposes it. D3."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from services.alerts.checkpoints import domain
from services.alerts.measures import manual
from services.alerts.measures.domain import ImposedSealing, MeasureFacts
from services.alerts.measures.in_force import standing_under
from services.alerts.measures.listing import listed
from services.alerts.measures.manual import Begun
from shared.events.alerts.checkpoints import CheckpointCheck, SealingImposed, SealingLifted
from shared.events.alerts.orders import Order
from shared.events.base import COMMUNITY_DIGITS, AreaCode, Cause, Event
from shared.events.causes import caused_by
from shared.events.vocabulary import Actor, ShortText, Text
from shared.exceptions import Conflict
from shared.i18n.catalogue import Catalogue
from shared.security.audit import record
from shared.writer.commands import Command
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)


class OrderSealing(Command):
    """The command's order to seal an area or to lift its sealing (封闭管理), with its reason.

    Above the community it is about every community of the area. `checks` are those at the gate,
    else the ones of a checkpoint at the high level.
    """

    code: AreaCode
    action: Literal["impose", "lift"] = "impose"
    reason: Text
    issuer: Actor | None = None
    document: ShortText | None = None
    checks: tuple[CheckpointCheck, ...] = ()


def order_sealing(tx: Tx, command: OrderSealing) -> Iterable[Event]:
    """Impose sealed management, or lift it; 409 when nothing would change."""
    record(tx, f"sealing.{command.action}", command.code, command.reason)
    order = Order(text=command.reason, issuer=command.issuer, document=command.document)
    if command.action == "lift":
        return _lift(tx, command, order)
    return _impose(tx, command, order)


def answer(tx: Tx, command: OrderSealing) -> dict[str, Any]:
    """The sealing of the area as it stands after the order."""
    entries = listed(tx.session, tx.site, command.code)
    sealing = [entry for entry in entries if entry["kind"] == "sealing"]
    return {"id": command.id, "area": command.code, "measures": sealing}


def _impose(tx: Tx, command: OrderSealing, order: Order) -> list[Event]:
    standing = standing_under(tx.session, command.code, "sealing")
    open_ = [
        area
        for area in _covered(tx, command.code)
        if not any(facts.manual for facts in standing.get(area, ()))
    ]
    if not open_:
        raise Conflict(TEXTS, "already_sealed", field="code")
    high = tx.pack.measures.high.checkpoint
    checks = command.checks or (high.checks if high else ())
    begun = [_begun(area, standing.get(area, ())) for area in open_]
    imposed = manual.put_in_place(tx, command.id, "sealing", ImposedSealing(checks=checks), begun)
    return [
        domain.sealing_ordered(
            SealingImposed, facts.area, facts.id, checks, facts.because, order, tx.now
        )
        for facts in imposed
    ]


def _begun(area: str, standing: Sequence[MeasureFacts]) -> Begun:
    proposal = next(iter(standing), None)
    return Begun(area, _after_proposal(proposal) if proposal else (), proposal)


def _lift(tx: Tx, command: OrderSealing, order: Order) -> list[Event]:
    found = standing_under(tx.session, command.code, "sealing")
    imposed = [facts for held in found.values() for facts in held if facts.manual]
    if not imposed:
        raise Conflict(TEXTS, "not_sealed", field="code")
    manual.end(tx, imposed)
    return [_lifted(facts, order, tx) for facts in imposed]


def _lifted(facts: MeasureFacts, order: Order, tx: Tx) -> Event:
    assert isinstance(facts.parameters, ImposedSealing)
    checks = facts.parameters.checks
    because: tuple[Cause, ...] = ()
    if facts.because and facts.since:
        imposed = domain.sealing_ordered(
            SealingImposed, facts.area, facts.id, checks, facts.because, order, facts.since
        )
        because = caused_by(imposed, facts.since)
    return domain.sealing_ordered(
        SealingLifted, facts.area, facts.id, checks, because, order, tx.now
    )


def _after_proposal(proposal: MeasureFacts) -> tuple[Cause, ...]:
    assert proposal.since is not None
    proposed = domain.sealing_proposed(
        proposal.area, proposal.id, proposal.response_id, proposal.because, proposal.since
    )
    return caused_by(proposed, proposal.since)


def _covered(tx: Tx, area: str) -> list[str]:
    return tx.site.areas.communities(area) if len(area) < COMMUNITY_DIGITS else [area]
