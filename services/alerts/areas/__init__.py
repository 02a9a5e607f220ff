"""Areas (区域状态): an area as it stands, the order of its level, what a level would do. A4, P6."""

from services.alerts.areas import api
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
)
