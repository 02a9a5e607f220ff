"""Alerts (预警与响应): decides what is found, which level is in force, and what follows from it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services.alerts.activities import api as activities_api
from services.alerts.checkpoints import api as checkpoints_api
from services.alerts.checkpoints.gauges import CHECKPOINTS_OPEN
from services.alerts.elections import api as elections_api
from services.alerts.elections import handlers as elections
from services.alerts.fevers import api as fevers_api
from services.alerts.fevers import handlers as fevers
from services.alerts.fevers.gauges import FEVER_OLDEST, FEVERS_OPEN, FEVERS_OVERDUE
from services.alerts.response import api as response_api
from services.alerts.response import handlers as response
from services.alerts.risk import api as risk_api
from services.alerts.risk import assessment, orders, situations
from services.alerts.risk import handlers as risk
from services.alerts.risk.gauges import RISK_LEVEL
from services.alerts.schema import Table
from services.alerts.venues import api as venues_api
from shared.events.alerts.elections import ElectionScheduled
from shared.events.alerts.risk import RiskLevelChanged, SituationChanged
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.intake.cases import CaseReported
from shared.events.intake.screenings import ScreeningRecorded, ScreeningVoided
from shared.http.explain import why_routes
from shared.runtime.service import Service
from shared.writer.handlers import Batched, EventHandler, Tx


def in_turn(*handlers: EventHandler) -> EventHandler:
    """One handler made of several features' handlers of the same event, in this order."""

    def handle(tx: Tx, recorded: Recorded[Any]) -> Iterable[Event]:
        return [event for handler in handlers for event in handler(tx, recorded)]

    return handle


SERVICE = Service(
    name="alerts",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=("intake",),
    consumes={
        ScreeningRecorded: Batched(fevers.screened),
        ScreeningVoided: fevers.screening_voided,
        CaseReported: risk.case_reported,
    },
    reacts={
        ElectionScheduled: elections.pause_where_in_force,
        RiskLevelChanged: in_turn(risk.level_made, response.level_changed),
        SituationChanged: response.situation_changed,
    },
    due={
        elections.PAUSE_LIMIT: elections.pause_limit_reached,
        fevers.RESPOND_BY: fevers.unanswered,
        assessment.WINDOW: risk.window_lapsed,
        orders.EFFECTIVE: risk.order_effective,
        orders.UNTIL: risk.order_over,
        situations.LAPSE: situations.lapsed,
    },
    routes=(
        fevers_api.routes,
        risk_api.routes,
        response_api.routes,
        checkpoints_api.routes,
        elections_api.routes,
        venues_api.routes,
        activities_api.routes,
        why_routes("/alerts", held=venues_api.area_of),
    ),
    gauges=(FEVERS_OPEN, FEVER_OLDEST, FEVERS_OVERDUE, RISK_LEVEL, CHECKPOINTS_OPEN),
)
