"""What each kind of measure says when it starts, changes or ends: the events of its own feature.

A kind without events of its own says MeasureStarted and MeasureEnded; an election, a venue or an
activity tells besides what becomes of it.
"""

from collections.abc import Mapping
from datetime import datetime

from services.alerts.checkpoints import domain as checkpoints
from services.alerts.notices import domain as notices
from services.alerts.response import domain
from services.alerts.response.domain import Ground, MeasureFacts
from services.alerts.sanitation import domain as sanitation
from services.alerts.service_plans import domain as service_plans
from shared.events.alerts.service_plans import SERVICE_PLANS, PlannedService, ServicePlan
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.pack import (
    Checkpoint,
    Notice,
    PolicyPack,
    Sanitation,
    Sealing,
    ServicePlanChange,
)


class Effects:
    """The events of one order's measures; what they share is made once.

    `because` is the line of causes of what ends.
    """

    def __init__(self, pack: PolicyPack, because: tuple[Cause, ...], now: datetime) -> None:
        self._now = now
        self._because = because
        self._services: Mapping[ServicePlan, tuple[PlannedService, ...]] = {
            plan: service_plans.planned_services(plan, pack) for plan in SERVICE_PLANS
        }
        self._due: dict[int, datetime] = {}

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:
        """A measure begins in an area whose level in force is this one."""
        because, now = ground.because, self._now
        match ground.parameters:
            case Checkpoint(checks=checks):
                return checkpoints.opened(
                    area, measure_id, ground.response_id, checks, because, now
                )
            case ServicePlanChange(plan=plan):
                return self._plan(area, measure_id, service_plans.EVERYDAY, plan, because)
            case Sanitation(times_per_day=times):
                due_at = self._first_due(times)
                return sanitation.ordered(area, measure_id, times, due_at, because, now)
            case Notice() as notice:
                return notices.issued(area, measure_id, level, notice, because, now)
            case Sealing():
                return checkpoints.sealing_proposed(
                    area, measure_id, ground.response_id, because, now
                )
        return domain.started(area, measure_id, ground, now)

    def ends(self, facts: MeasureFacts) -> Event:
        """A measure of the plan ends."""
        match facts.parameters:
            case Checkpoint(checks=checks):
                return checkpoints.closed(
                    facts.area, facts.id, facts.response_id, checks, self._because, self._now
                )
            case ServicePlanChange(plan=plan):
                everyday = service_plans.EVERYDAY
                return self._plan(facts.area, facts.id, plan, everyday, self._because)
        return domain.ended(facts, self._because, self._now)

    def changes(
        self, before: MeasureFacts, measure_id: str, ground: Ground, level: Level
    ) -> list[Event]:
        """A measure takes another's place: a service plan in one event, anything else in two."""
        match before.parameters, ground.parameters:
            case ServicePlanChange(plan=previous), ServicePlanChange(plan=plan):
                return [self._plan(before.area, measure_id, previous, plan, ground.because)]
        return [self.ends(before), self.starts(before.area, measure_id, ground, level)]

    def _plan(
        self,
        area: str,
        measure_id: str,
        previous: ServicePlan,
        plan: ServicePlan,
        because: tuple[Cause, ...],
    ) -> Event:
        services = self._services[plan]
        return service_plans.changed(area, measure_id, previous, plan, services, because, self._now)

    def _first_due(self, times_per_day: int) -> datetime:
        if times_per_day not in self._due:
            self._due[times_per_day] = sanitation.first_due(self._now, times_per_day)
        return self._due[times_per_day]
