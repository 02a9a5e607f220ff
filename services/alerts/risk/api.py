"""HTTP of areas, risk levels and proposals. A3, A4."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from services.alerts.risk import answers, handlers
from services.alerts.risk.answers import ProposalStatus
from services.alerts.risk.handlers import Decide, OrderLevel
from services.alerts.risk.state import area_state
from services.alerts.risk.tables import Proposal
from services.alerts.texts import TEXTS
from shared.database.sql import area_range
from shared.events.base import AreaCode
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.security.roles import Role
from shared.writer.handlers import Tx


class OneArea(BaseModel):
    """Which area to read."""

    code: AreaCode


class Proposals(Paged):
    """Which proposals to list: of an area (else the caller's own), a status."""

    area: AreaCode | None = None
    status: ProposalStatus | None = None


# Its evidence names cases: for those who watch over health and levels, not for each who helps.
PROPOSAL_READERS = frozenset(Role) - {
    Role.RESIDENT,
    Role.HELPER,
    Role.COUNSELLOR,
    Role.SUBSCRIBER,
}


def area(read: Read, asked: OneArea) -> dict[str, Any]:
    """An area as it stands."""
    return area_state(read.session, read.site, asked.code)


def proposals(read: Read, asked: Proposals) -> dict[str, Any]:
    """Proposed levels, the latest first."""
    query = select(Proposal).where(area_range(Proposal.area, read.scope(asked.area)))
    if asked.status is not None:
        query = query.where(Proposal.status == asked.status)
    rows, following = page(
        read.session, query, asked, Proposal.proposed_at, Proposal.id, newest_first=True
    )
    return {"items": [shown(row) for row in rows], "next": following}


def shown(proposal: Proposal) -> dict[str, Any]:
    """A proposal as it is answered."""
    return {
        "id": proposal.id,
        "proposal_id": proposal.id,
        "area": proposal.area,
        "previous": proposal.previous,
        "level": proposal.level,
        "reason": proposal.reason,
        "evidence": proposal.evidence,
        "policy": proposal.policy,
        "status": proposal.status,
        "proposed_at": proposal.proposed_at,
        "decided_by": proposal.decided_by,
        "decided_at": proposal.decided_at,
        "decision": proposal.decision,
        "because": proposal.because,
    }


def _ordered(tx: Tx, command: OrderLevel) -> dict[str, Any]:
    return area_state(tx.session, tx.site, command.code)


def _decided(tx: Tx, command: Decide) -> dict[str, Any]:
    return shown(tx.session.get_one(Proposal, command.proposal_id))


routes = Routes("/alerts", "risk", TEXTS)
routes.get("/areas/{code}", area, OneArea, returns=answers.Area, roles=tuple(Role))
routes.put(
    "/areas/{code}/risk-level",
    handlers.order_level,
    OrderLevel,
    returns=answers.Area,
    roles=(Role.COMMAND,),
    answer=_ordered,
)
routes.get(
    "/proposals", proposals, Proposals, returns=Page[answers.Proposal], roles=PROPOSAL_READERS
)
routes.post(
    "/proposals/{proposal_id}/decision",
    handlers.decide,
    Decide,
    returns=answers.Proposal,
    roles=(Role.COMMAND,),
    area=AreaCheck.ROW,
    status=200,
    answer=_decided,
)
