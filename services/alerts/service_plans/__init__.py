"""Service plans (社区服务应急响应预案): which services run for whom. D8."""

from services.alerts.service_plans.effects import EFFECTS
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.runtime.feature import Feature

__all__ = ["EFFECTS", "FEATURE"]

FEATURE = Feature(
    package=__name__,
    emits=(ServicePlanChanged,),
)
