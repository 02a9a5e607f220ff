"""Gauges of requests for help (求助). V1, V2."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.volunteers.requests.domain import LIVE
from services.volunteers.requests.tables import AssistanceRequest
from shared.events.base import COMMUNITY_DIGITS
from shared.runtime.service import AreaGauge
from shared.site import Site

_COMMUNITY = func.substr(AssistanceRequest.area, 1, COMMUNITY_DIGITS)


def _open(session: Session, _site: Site) -> Mapping[str, float]:
    query = select(_COMMUNITY, func.count()).where(AssistanceRequest.status == "open")
    return dict(session.execute(query.group_by(_COMMUNITY)).all())


def _overdue(session: Session, site: Site) -> Mapping[str, float]:
    query = select(_COMMUNITY, func.count()).where(
        AssistanceRequest.status.in_(LIVE), AssistanceRequest.due_at < site.clock.now()
    )
    return dict(session.execute(query.group_by(_COMMUNITY)).all())


REQUESTS_OPEN = AreaGauge(
    "bulwark_requests_open", "Requests for help that nobody has taken yet, by community", _open
)
REQUESTS_OVERDUE = AreaGauge(
    "bulwark_requests_overdue",
    "Requests for help that are past their time and not done, by community",
    _overdue,
)
