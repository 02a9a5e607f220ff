"""HTTP of proposed risk levels. A3, A4."""

from typing import Any

from sqlalchemy import select

from services.alerts.risk import answers, handlers
from services.alerts.risk.answers import ProposalStatus
from services.alerts.risk.handlers import Decide
from services.alerts.risk.tables import Proposal
from shared.database.sql import area_range
from shared.events.base import AreaCode
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)


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


def _decided(tx: Tx, command: Decide) -> dict[str, Any]:
    return shown(tx.session.get_one(Proposal, command.proposal_id))


routes = Routes("/alerts", "risk", TEXTS)
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
