"""Helpers (志愿者): registered, away, back, and stood down while a fever of theirs is open. V3."""

from services.volunteers.helpers import api, fevers
from shared.events.alerts.fevers import AlertResolved, FeverDetected
from shared.events.volunteers.helpers import HelperRegistered, HelperReturned, HelperStoodDown
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(HelperRegistered, HelperReturned, HelperStoodDown),
    routes=(api.routes,),
    consumes={FeverDetected: fevers.found, AlertResolved: fevers.resolved},
    due={fevers.WINDOW: fevers.window_over},
)
