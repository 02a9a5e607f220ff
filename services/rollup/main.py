"""Rollup (汇总上报): every figure is computed from events; it alone reads across services."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services.rollup.contract import api as contract_api
from services.rollup.feed import api as feed_api
from services.rollup.feed import handlers as feed
from services.rollup.figures import api as figures_api
from services.rollup.figures import handlers as figures
from services.rollup.public import api as public_api
from services.rollup.public import handlers as public
from services.rollup.reports import api as reports_api
from services.rollup.reports import correcting, opening
from services.rollup.reports.gauges import REPORTS_MISSING
from services.rollup.schema import Table
from services.rollup.webhooks import gauges as webhook_gauges
from services.rollup.webhooks.sending import send_webhooks
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.registry import all_events
from shared.http.explain import why_routes
from shared.runtime.service import Service
from shared.writer.handlers import Batched, Tx

LISTENS_TO = ("intake", "alerts", "volunteers")


def apply(tx: Tx, run: list[Recorded[Any]]) -> Iterable[Event]:
    """Take a run of events into every projection; signed reports that it changes are corrected."""
    tally = figures.count(tx, run)
    public.project(tx, run)
    corrections = correcting.correct(tx, tally)
    feed.broadcast_on_commit(tx, run)
    return corrections


SERVICE = Service(
    name="rollup",
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    linger_seconds=0.01,
    listens_to=LISTENS_TO,
    consumes={
        event: Batched(apply) for event in all_events().values() if event.service in LISTENS_TO
    },
    reacts={
        event: feed.announce_own for event in all_events().values() if event.service == "rollup"
    },
    due={
        opening.OPEN: opening.open_due,
        opening.DEADLINE: opening.miss_due,
        correcting.CORRECT: correcting.correct_due,
    },
    on_start=(opening.start,),
    background=(send_webhooks,),
    routes=(
        figures_api.routes,
        reports_api.routes,
        feed_api.routes,
        public_api.routes,
        contract_api.routes,
        why_routes("/rollup"),
    ),
    gauges=(REPORTS_MISSING,),
    collectors=(webhook_gauges.collect,),
)
