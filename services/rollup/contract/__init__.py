"""The contract of the events (事件契约), for other systems. P2."""

from services.rollup.contract import api
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
)
