"""Which service plan is in force where (社区服务预案). D8."""

from sqlalchemy.orm import Session

from services.alerts.measures.in_force import in_force
from services.alerts.service_plans.domain import EVERYDAY
from shared.events.alerts.measures import MeasureKind
from shared.events.alerts.service_plans import ServicePlan
from shared.policy.service_plans import ServicePlanChange
from shared.site import Site

PLANS: tuple[MeasureKind, ...] = ("service_plan",)


def service_plan(session: Session, site: Site, area: str) -> ServicePlan:
    """The service plan in force (社区服务预案); the everyday one without a response. D8."""
    measure = in_force(session, site, area, PLANS).get("service_plan")
    plan = measure.parameters if measure else None
    return plan.plan if isinstance(plan, ServicePlanChange) else EVERYDAY
