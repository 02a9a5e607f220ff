"""Activities where people gather (聚集性活动): applied for, decided, called off, reported. D7."""

from services.alerts.activities import api, handlers
from shared.events.alerts.activities import (
    ActivityApplied,
    ActivityApproved,
    ActivityCalledOff,
    ActivityRefused,
    ActivityReported,
)
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(ActivityApplied, ActivityApproved, ActivityRefused, ActivityCalledOff, ActivityReported),
    routes=(api.routes,),
    reacts={
        RiskLevelChanged: handlers.measures_changed,
        SituationChanged: handlers.measures_changed,
    },
)
