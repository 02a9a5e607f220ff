"""Service plans (社区服务应急响应预案): which services run for whom. D8 [PREC21]."""

from datetime import datetime

from shared.events.alerts.service_plans import PlannedService, ServicePlan, ServicePlanChanged
from shared.events.base import Cause
from shared.policy.pack import PolicyPack

EVERYDAY: ServicePlan = "everyday"


def planned_services(plan: ServicePlan, pack: PolicyPack) -> tuple[PlannedService, ...]:
    """What a plan runs, as its event tells it."""
    return tuple(
        PlannedService(
            service=name,
            kind=rule.request,
            categories=rule.categories,
            needs=rule.needs,
            due_hours=rule.due_hours,
            policy=pack.line(f"services.{plan}.{name}"),
        )
        for name, rule in pack.services.of(plan).items()
    )


def changed(
    area: str,
    measure_id: str,
    previous: ServicePlan,
    plan: ServicePlan,
    services: tuple[PlannedService, ...],
    because: tuple[Cause, ...],
    now: datetime,
) -> ServicePlanChanged:
    """Another plan is in force in a community; the last one to end leaves the everyday one."""
    return ServicePlanChanged(
        area=area,
        occurred_at=now,
        because=because,
        measure_id=measure_id,
        previous=previous,
        plan=plan,
        services=services,
    )
