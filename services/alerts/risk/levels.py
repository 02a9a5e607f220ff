"""Risk levels as they stand: each area's own, and the one in force. A4.

The level in force of an area is the strongest of its own and of those above it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.alerts.risk.domain import areas_above, strongest
from services.alerts.risk.tables import AreaRisk
from shared.database.sql import area_range
from shared.events.vocabulary import Level
from shared.writer.handlers import Tx


@dataclass(frozen=True, slots=True)
class InForce:
    """The level in force of an area and its own, since when it holds, by which policy line.

    `since` and `policy` are None where no level was ever made.
    """

    level: Level
    own_level: Level
    since: datetime | None
    policy: str | None


def own_levels(session: Session, prefix: str) -> dict[str, Level]:
    """The own levels other than low of all areas under or above a prefix, by area."""
    query = select(AreaRisk.area, AreaRisk.level).where(
        AreaRisk.level != "low",
        or_(area_range(AreaRisk.area, prefix), AreaRisk.area.in_(areas_above(prefix))),
    )
    return dict(session.execute(query).all())


def level_in_force(levels: Mapping[str, Level], area: str) -> Level:
    """The level in force of an area, by what `own_levels` found under or above it."""
    return strongest(levels[code] for code in areas_above(area) if code in levels)


def level_above(session: Session, area: str) -> Level:
    """The strongest own level of the areas above one, itself left out."""
    above = [code for code in areas_above(area) if code != area]
    return strongest(session.scalars(select(AreaRisk.level).where(AreaRisk.area.in_(above))))


def in_force(session: Session, area: str) -> InForce:
    """The level in force of an area, by its own and those above it."""
    query = select(AreaRisk).where(
        AreaRisk.area.in_(areas_above(area)), AreaRisk.since.is_not(None)
    )
    rows = {row.area: row for row in session.scalars(query)}
    own = rows[area].level if area in rows else "low"
    level = strongest(row.level for row in rows.values())
    since = sorted((row for row in rows.values() if row.level == level), key=_since)
    if not since:
        return InForce(level, own, None, None)
    # The first to have the strongest level gives it; low has come when the last was lowered.
    giving = since[-1] if level == "low" else since[0]
    return InForce(level, own, giving.since, giving.policy)


def _since(row: AreaRisk) -> tuple[datetime, int]:
    assert row.since is not None
    return row.since, len(row.area)


def risk_of(tx: Tx, area: str) -> AreaRisk:
    """The row of an area's own level, made when it is not there."""
    row = tx.session.get(AreaRisk, area)
    if row is None:
        row = AreaRisk(area=area, level="low", because=[], stands=False, proposals=0)
        tx.session.add(row)
    return row
