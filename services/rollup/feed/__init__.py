"""The live feed (实时动态): what happens, to each who may see it. P5, V7."""

from services.rollup.feed import api, handlers
from shared.events.registry import all_events
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
    reacts={
        event: handlers.broadcast_own
        for event in all_events().values()
        if event.service == "rollup"
    },
)
