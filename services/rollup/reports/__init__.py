"""Daily reports (日报告, 零报告): opened, signed off, missed, corrected. R1."""

from services.rollup.reports import api, correcting, gauges, opening
from shared.events.rollup.reports import (
    ReportCorrected,
    ReportExcused,
    ReportMissed,
    ReportOpened,
    ReportSubmitted,
)
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(ReportOpened, ReportSubmitted, ReportExcused, ReportMissed, ReportCorrected),
    routes=(api.routes,),
    due={
        opening.OPEN: opening.open_due,
        opening.DEADLINE: opening.miss_due,
        correcting.CORRECT: correcting.correct_due,
    },
    gauges=(gauges.REPORTS_MISSING,),
    on_start=(opening.start,),
)
