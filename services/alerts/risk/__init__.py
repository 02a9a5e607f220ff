"""Risk levels and situations (风险等级与疫情情形): worked out from cases, made by order. A3, A4."""

from services.alerts.risk import api, assessment, gauges, handlers, orders, situations
from shared.events.alerts.risk import (
    RiskLevelChanged,
    RiskLevelDeclined,
    RiskLevelProposed,
    SituationChanged,
)
from shared.events.intake.cases import CaseReported
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(RiskLevelProposed, RiskLevelDeclined, RiskLevelChanged, SituationChanged),
    routes=(api.routes,),
    consumes={CaseReported: handlers.case_reported},
    reacts={RiskLevelChanged: handlers.level_made},
    due={
        assessment.WINDOW: handlers.window_lapsed,
        orders.EFFECTIVE: handlers.order_effective,
        orders.UNTIL: handlers.order_over,
        situations.LAPSE: situations.lapsed,
    },
    gauges=(gauges.RISK_LEVEL,),
)
