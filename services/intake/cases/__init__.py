"""Cases (疫情报告): reported, reported again, confirmed or ruled out. I9."""

from services.intake.cases import api
from shared.events.intake.cases import CaseReported
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(CaseReported,),
    routes=(api.routes,),
)
