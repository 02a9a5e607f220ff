"""Volunteers (志愿服务): who needs help and who gives it. It listens to intake and alerts."""

from pathlib import Path

from services.volunteers.helpers import api as helpers_api
from services.volunteers.helpers import fevers
from services.volunteers.matching import api as matching_api
from services.volunteers.matching import handlers as matching
from services.volunteers.plans import handlers as plans
from services.volunteers.requests import api as requests_api
from services.volunteers.requests import handlers as requests
from services.volunteers.requests import steps
from services.volunteers.requests.gauges import REQUESTS_OPEN, REQUESTS_OVERDUE
from services.volunteers.requests.rights import may_be_told
from services.volunteers.schema import Table
from shared.events.alerts.fevers import AlertResolved, FeverDetected
from shared.events.alerts.service_plans import ServicePlanChanged
from shared.events.intake.people import PersonErased, PersonRegistered, PersonUpdated
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceRequested,
)
from shared.http.explain import why_routes
from shared.runtime.service import Service

SERVICE = Service(
    name="volunteers",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake", "alerts"),
    consumes={
        PersonRegistered: plans.person_changed,
        PersonUpdated: plans.person_changed,
        PersonErased: plans.person_erased,
        ServicePlanChanged: plans.plan_changed,
        FeverDetected: fevers.found,
        AlertResolved: fevers.resolved,
    },
    reacts={
        AssistanceRequested: matching.requested,
        AssistanceCompleted: matching.freed,
        AssistanceCancelled: matching.freed,
        HelperRegistered: matching.helper_ready,
        HelperReturned: matching.helper_ready,
        HelperStoodDown: plans.helper_gone,
    },
    due={
        steps.DUE: requests.fell_due,
        matching.RUN: matching.run,
        fevers.WINDOW: fevers.window_over,
    },
    routes=(
        helpers_api.routes,
        requests_api.routes,
        matching_api.routes,
        why_routes("/volunteers", may_be_told),
    ),
    gauges=(REQUESTS_OPEN, REQUESTS_OVERDUE),
)
