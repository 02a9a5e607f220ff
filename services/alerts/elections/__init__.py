"""Elections (换届选举): scheduled and held by people, paused and resumed by measures. D4."""

from services.alerts.elections import api, handlers
from shared.events.alerts.elections import (
    ElectionHeld,
    ElectionPaused,
    ElectionPauseOverdue,
    ElectionResumed,
    ElectionScheduled,
)
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(ElectionScheduled, ElectionPaused, ElectionPauseOverdue, ElectionResumed, ElectionHeld),
    routes=(api.routes,),
    reacts={
        ElectionScheduled: handlers.pause_where_in_force,
        RiskLevelChanged: handlers.measures_changed,
        SituationChanged: handlers.measures_changed,
    },
    due={handlers.PAUSE_LIMIT: handlers.pause_limit_reached},
)
