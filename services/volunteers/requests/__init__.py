"""Requests for help (求助): made, started, completed, cancelled, escalated. V1, V2, V7."""

from services.volunteers.requests import api, gauges, handlers, steps
from shared.events.volunteers.hours import HoursLogged
from shared.events.volunteers.requests import (
    AssistanceCancelled,
    AssistanceCompleted,
    AssistanceEscalated,
    AssistanceMatched,
    AssistanceRequested,
    AssistanceStarted,
)
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(
        AssistanceRequested,
        AssistanceMatched,
        AssistanceStarted,
        AssistanceCompleted,
        AssistanceCancelled,
        AssistanceEscalated,
        HoursLogged,
    ),
    routes=(api.routes,),
    due={steps.DUE: handlers.fell_due},
    gauges=(gauges.REQUESTS_OPEN, gauges.REQUESTS_OVERDUE),
)
