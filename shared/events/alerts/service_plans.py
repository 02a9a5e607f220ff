"""Service plans of areas (社区服务预案). D8."""

from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example, Id
from shared.events.vocabulary import (
    Category,
    Hours,
    Need,
    RequestKind,
    ShortText,
    name_vocabularies,
)

ServicePlan = Literal["everyday", "strengthened", "emergency"]
SERVICE_PLANS: tuple[ServicePlan, ...] = get_args(ServicePlan)

name_vocabularies(service_plan=ServicePlan)


class PlannedService(BaseModel):
    """A service of a plan, by its name there and its policy line: one request of a kind for each
    person concerned, due in so many hours.

    Concerned is who has one of the categories (none listed: anybody) and one of the needs (none
    listed: whatever they need); the need `none_recorded` stands for a person whose needs nobody
    has written down yet.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    service: ShortText
    kind: RequestKind
    categories: tuple[Category, ...] = ()
    needs: tuple[Need | Literal["none_recorded"], ...] = ()
    due_hours: Hours
    policy: str


class ServicePlanChanged(AlertsEvent):
    """The area's service plan is now this one (社区服务预案调整), with all it runs. D8 [PREC21]."""

    key = ("area", "plan")
    about = ("measure_id",)
    example: ClassVar[Example] = {
        "previous": "everyday",
        "plan": "strengthened",
        "services": [
            {
                "service": "chronic_medicine",
                "kind": "medicine",
                "categories": ["chronic_illness"],
                "needs": [],
                "due_hours": 24,
                "policy": "2021-01#services.strengthened.chronic_medicine",
            },
            {
                "service": "personal_care",
                "kind": "elder_care",
                "categories": ["living_alone_elderly"],
                "needs": ["care"],
                "due_hours": 12,
                "policy": "2021-01#services.strengthened.personal_care",
            },
        ],
    }
    measure_id: Id | None = None
    previous: ServicePlan
    plan: ServicePlan
    services: tuple[PlannedService, ...] = ()
