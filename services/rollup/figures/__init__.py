"""Figures (统计数字): counted from events by area and day, and added up the tree. R3, R4."""

from services.rollup.figures import api
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    routes=(api.routes,),
)
