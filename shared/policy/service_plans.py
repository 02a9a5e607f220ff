"""Service plans in a policy pack (社区服务应急响应预案). D8."""

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from shared.events.alerts.service_plans import ServicePlan
from shared.events.vocabulary import Category, Need, RequestKind
from shared.policy.measure import STRONGER_PLAN, Measure
from shared.policy.sections import Hours, Name, Section, Text


class ServicePlanChange(Measure):
    """社区服务应急响应预案: the service plan in force [PREC21]."""

    plan: Annotated[ServicePlan, STRONGER_PLAN]


RegisteredNeed = Literal[Need, "none_recorded"]


class ServiceRule(Section):
    """A service of a plan: whom it is for, and the request it makes for each of them [PREC21].

    It is for people with one of the categories and one of the needs; an empty list does not
    restrict. `none_recorded` matches a person whose needs are not recorded yet.
    """

    title_zh: Text
    title_en: Text
    categories: tuple[Category, ...]
    needs: tuple[RegisteredNeed, ...]
    request: RequestKind
    due_hours: Hours

    @field_validator("needs")
    @classmethod
    def _for_somebody(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value and not info.data.get("categories", True):
            raise PydanticCustomError("for_nobody", "needs or categories must name somebody")
        return value


class Services(Section):
    """The service plans (社区服务预案), each a table of services by name [PREC21]."""

    everyday: dict[Name, ServiceRule]
    strengthened: dict[Name, ServiceRule]
    emergency: dict[Name, ServiceRule]

    def of(self, plan: ServicePlan) -> dict[Name, ServiceRule]:
        """The services of a plan by name, in the pack's order."""
        rules: dict[Name, ServiceRule] = getattr(self, plan)
        return rules
