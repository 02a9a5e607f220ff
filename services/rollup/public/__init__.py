"""The public page of an area (公开信息): level, situation, rules, notices. D10, V5."""

from services.rollup.public import api
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
)
