"""Venues (公共活动场所): opened, limited and closed, by people and by measures. D6."""

from services.alerts.venues import api, handlers
from services.alerts.venues.api import area_of
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.alerts.venues import VenueClosed, VenueLimited, VenueOpened
from shared.runtime.feature import Feature

__all__ = ["FEATURE", "area_of"]

FEATURE = Feature(
    package=__name__,
    emits=(VenueOpened, VenueLimited, VenueClosed),
    routes=(api.routes,),
    reacts={
        RiskLevelChanged: handlers.measures_changed,
        SituationChanged: handlers.measures_changed,
    },
)
