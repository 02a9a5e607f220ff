"""Service plans (社区服务预案) and registered people: the requests that follow from both. D8."""

from services.volunteers.plans import handlers
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.events.volunteers.helpers import HelperStoodDown
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    consumes={
        PersonRegistered: handlers.person_changed,
        PersonUpdated: handlers.person_changed,
        PersonErased: handlers.person_erased,
        ServicePlanChanged: handlers.plan_changed,
    },
    reacts={HelperStoodDown: handlers.helper_gone},
)
