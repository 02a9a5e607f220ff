"""What a service plan says when it begins, gives way to another, and ends. D8."""

from collections.abc import Mapping
from datetime import datetime

from services.alerts.measures.domain import Ground, MeasureFacts
from services.alerts.measures.effects import Effect, EffectsByKind
from services.alerts.service_plans import domain
from services.alerts.service_plans.domain import EVERYDAY
from shared.events.alerts.service_plans import SERVICE_PLANS, PlannedService, ServicePlan
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.measure import Measure
from shared.policy.pack import PolicyPack
from shared.policy.service_plans import ServicePlanChange


class ServicePlanEffect(Effect):
    """One event tells of a change from any plan to any other, the everyday one included."""

    def __init__(self, pack: PolicyPack, because: tuple[Cause, ...], now: datetime) -> None:
        super().__init__(pack, because, now)
        self._services: Mapping[ServicePlan, tuple[PlannedService, ...]] = {
            plan: domain.planned_services(plan, pack) for plan in SERVICE_PLANS
        }

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:  # noqa: ARG002
        """A plan takes the place of the everyday one."""
        plan = _plan(ground.parameters)
        return self._changed(area, measure_id, EVERYDAY, plan, ground.because)

    def ends(self, facts: MeasureFacts) -> Event:
        """The everyday plan is back."""
        plan = _plan(facts.parameters)
        return self._changed(facts.area, facts.id, plan, EVERYDAY, self.because)

    def changes(
        self,
        before: MeasureFacts,
        measure_id: str,
        ground: Ground,
        level: Level,  # noqa: ARG002
    ) -> list[Event]:
        """One plan takes another's place, in one event."""
        previous, plan = _plan(before.parameters), _plan(ground.parameters)
        return [self._changed(before.area, measure_id, previous, plan, ground.because)]

    def _changed(
        self,
        area: str,
        measure_id: str,
        previous: ServicePlan,
        plan: ServicePlan,
        because: tuple[Cause, ...],
    ) -> Event:
        services = self._services[plan]
        return domain.changed(area, measure_id, previous, plan, services, because, self.now)


def _plan(parameters: Measure) -> ServicePlan:
    assert isinstance(parameters, ServicePlanChange)
    return parameters.plan


EFFECTS: EffectsByKind = {"service_plan": ServicePlanEffect}
