"""Rollup (汇总上报): every figure is computed from events; it alone reads across services."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from services.rollup import contract, feed, figures, public, reports, webhooks
from services.rollup.feed.handlers import broadcast_on_commit
from services.rollup.figures.handlers import count
from services.rollup.public.handlers import project
from services.rollup.reports.correcting import correct
from services.rollup.schema import Table
from shared.events.base import Event
from shared.events.envelope import Recorded
from shared.events.registry import all_events
from shared.http.explain import why_routes
from shared.runtime.feature import service
from shared.writer.handlers import Batched, Tx

LISTENS_TO = ("intake", "alerts", "volunteers")

FEATURES = (
    figures.FEATURE,
    reports.FEATURE,
    feed.FEATURE,
    public.FEATURE,
    contract.FEATURE,
    webhooks.FEATURE,
)


def apply(tx: Tx, run: list[Recorded[Any]]) -> Iterable[Event]:
    """Take a run of events into every projection; signed reports that it changes are corrected."""
    tally = count(tx, run)
    project(tx, run)
    corrections = correct(tx, tally)
    broadcast_on_commit(tx, run)
    return corrections


SERVICE = service(
    "rollup",
    FEATURES,
    migrations=Path(__file__).parent / "migrations",
    metadata=Table.metadata,
    listens_to=LISTENS_TO,
    # Each event goes into every projection, many in one run: one handler for all, not one each.
    consumes={
        event: Batched(apply) for event in all_events().values() if event.service in LISTENS_TO
    },
    routes=(why_routes("/rollup"),),
    linger_seconds=0.01,
)
