"""Fevers (发热预警): found in screenings, taken charge of, escalated, resolved. D1."""

from services.alerts.fevers import api, gauges, handlers
from shared.events.alerts.fevers import (
    AlertAcknowledged,
    AlertEscalated,
    AlertRaised,
    AlertResolved,
    FeverDetected,
)
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.runtime.feature import Feature
from shared.writer.handlers import Batched

FEATURE = Feature(
    package=__name__,
    emits=(FeverDetected, AlertRaised, AlertAcknowledged, AlertEscalated, AlertResolved),
    routes=(api.routes,),
    consumes={
        ScreeningRecorded: Batched(handlers.screened),
        ScreeningVoided: handlers.screening_voided,
    },
    due={handlers.RESPOND_BY: handlers.unanswered},
    gauges=(gauges.FEVERS_OPEN, gauges.FEVER_OLDEST, gauges.FEVERS_OVERDUE),
)
