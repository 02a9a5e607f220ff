"""Gauges of fevers (发热): those that wait, and how fast they are found. D1."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import Histogram
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.alerts.fevers.domain import first_level
from services.alerts.fevers.tables import Alert
from shared.database.types import Instant
from shared.events.base import COMMUNITY_DIGITS
from shared.runtime.service import AreaGauge
from shared.site import Site

FOUND_SECONDS = Histogram(
    "bulwark_fever_found_seconds",
    "Time from the recording of a screening to its fever in the log of alerts",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600),
)

_COMMUNITY = func.substr(Alert.area, 1, COMMUNITY_DIGITS)
_WAITS = (Alert.status == "open", Alert.kind == "fever")


def found(recorded_at: list[datetime], now: datetime) -> None:
    """Count fevers that are in the log now, by the times of their screenings' recording."""
    for at in recorded_at:
        # Two machines' clocks may differ by a little.
        FOUND_SECONDS.observe(max((now - at).total_seconds(), 0.0))


def _open(session: Session, _site: Site) -> Mapping[str, float]:
    query = select(_COMMUNITY, func.count()).where(*_WAITS).group_by(_COMMUNITY)
    return dict(session.execute(query).all())


def _oldest_seconds(session: Session, site: Site) -> Mapping[str, float]:
    oldest = func.min(Alert.found_at, type_=Instant)
    query = select(_COMMUNITY, oldest).where(*_WAITS).group_by(_COMMUNITY)
    now = site.clock.now()
    return {area: max((now - at).total_seconds(), 0) for area, at in session.execute(query)}


def _overdue(session: Session, site: Site) -> Mapping[str, float]:
    now, counts = site.clock.now(), dict[str, float]()
    for area, level, by in session.execute(
        select(Alert.area, Alert.level, Alert.respond_by).where(*_WAITS)
    ):
        # One that has climbed was not answered in time where it was found.
        if by < now or level != first_level(area):
            community = area[:COMMUNITY_DIGITS]
            counts[community] = counts.get(community, 0) + 1
    return counts


FEVERS_OPEN = AreaGauge(
    "bulwark_fevers_open", "Fevers that nobody has taken charge of, by community", _open
)
FEVER_OLDEST = AreaGauge(
    "bulwark_fever_oldest_seconds",
    "How long the oldest fever waits that nobody has taken charge of, by community",
    _oldest_seconds,
)
FEVERS_OVERDUE = AreaGauge(
    "bulwark_fevers_overdue",
    "Fevers that nobody has taken charge of in the policy's minutes, by community",
    _overdue,
)
