"""HTTP of activities. D7."""

from typing import Any

from sqlalchemy import select

from services.alerts.activities import answers, handlers
from services.alerts.activities.handlers import (
    TEXTS,
    ApplyForActivity,
    DecideActivity,
    OneActivity,
    ReportActivity,
)
from services.alerts.activities.tables import Activity
from shared.database.sql import area_range
from shared.events.alerts.activities import ActivityKind, ActivityStatus
from shared.events.base import AreaCode
from shared.exceptions import NotFound
from shared.http.answers import Page
from shared.http.declaration import AreaCheck
from shared.http.paging import Paged, page
from shared.http.reads import AuditedRead, Read
from shared.http.routes import Routes
from shared.security.roles import Role

DECIDERS = (Role.LEAD, Role.COMMAND)
APPLICANTS = (*DECIDERS, Role.RECORDER, Role.RESIDENT, Role.ELECTION)


class Activities(Paged):
    """Which activities: those in an area, of a status, of a kind."""

    area: AreaCode | None = None
    status: ActivityStatus | None = None
    kind: ActivityKind | None = None


def listed(read: Read, query: Activities) -> dict[str, Any]:
    """Activities, by when they begin."""
    wanted = select(Activity).where(area_range(Activity.area, read.scope(query.area)))
    if query.status:
        wanted = wanted.where(Activity.status == query.status)
    if query.kind:
        wanted = wanted.where(Activity.kind == query.kind)
    rows, following = page(read.session, wanted, query, Activity.starts_at, Activity.id)
    return {"items": [handlers.item(row) for row in rows], "next": following}


def one(read: Read, query: OneActivity) -> dict[str, Any]:
    """One activity; with a reason, those who decide are told who applied."""
    row = read.session.get(Activity, query.activity_id)
    if row is None:
        raise NotFound(TEXTS, "no_such_activity", field="activity_id")
    read.require_access(row.area)
    return handlers.item(row)


routes = Routes("/alerts", "activities", TEXTS)
routes.post(
    "/activities",
    handlers.apply,
    ApplyForActivity,
    returns=answers.Activity,
    roles=APPLICANTS,
    answer=handlers.answer,
)
routes.get("/activities", listed, Activities, returns=Page[answers.Activity], roles=tuple(Role))
routes.get(
    "/activities/{activity_id}",
    one,
    OneActivity,
    returns=answers.OneActivity,
    roles=tuple(Role),
    area=AreaCheck.ROW,
    audited=AuditedRead(handlers.open_applicant, handlers.with_applicant, DECIDERS),
)
routes.post(
    "/activities/{activity_id}/decision",
    handlers.decide,
    DecideActivity,
    returns=answers.Activity,
    roles=DECIDERS,
    area=AreaCheck.ROW,
    status=200,
    answer=handlers.answer,
)
routes.post(
    "/activities/{activity_id}/report",
    handlers.report,
    ReportActivity,
    returns=answers.Activity,
    roles=APPLICANTS,
    area=AreaCheck.ROW,
    status=200,
    answer=handlers.answer,
)
