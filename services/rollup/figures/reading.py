"""Reading the counters. R4."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from services.rollup.figures.domain import DAILY, FIGURES, STANDING
from services.rollup.figures.tables import DailyFigure, StandingFigure


def figures_on(session: Session, area: str, day: dt.date) -> dict[str, int]:
    """Every figure of an area, with all below it, for a day; 0 where there is nothing.

    No figure is shown below zero, whichever events are dead letters.
    """
    figures = dict.fromkeys(FIGURES, 0)
    daily = select(DailyFigure.figure, DailyFigure.value)
    daily = daily.where(DailyFigure.date == day, DailyFigure.area == area)
    for row in session.execute(daily):
        figures[row.figure] = row.value
    found = session.execute(_standing(), {"area": area, "day": day}).one()
    for figure, value in zip(STANDING, found, strict=True):
        figures[figure] = value or 0
    return {figure: max(value, 0) for figure, value in figures.items() if figure in FIGURES}


@cache
def _standing() -> Select[Any]:
    # One step in the index for each figure, instead of adding up the changes of a year.
    return select(
        *(
            select(StandingFigure.value)
            .where(
                StandingFigure.area == bindparam("area"),
                StandingFigure.figure == figure,
                StandingFigure.date <= bindparam("day", type_=StandingFigure.date.type),
            )
            .order_by(StandingFigure.date.desc())
            .limit(1)
            .scalar_subquery()
            for figure in STANDING
        )
    )


def daily_of_many(
    session: Session, areas: Collection[str], days: Collection[dt.date], names: Collection[str]
) -> dict[tuple[str, dt.date], dict[str, int]]:
    """Some daily figures of many areas and days at once; 0 where there is nothing."""
    if not set(names) <= set(DAILY):
        raise ValueError(f"daily figures are asked for, not {names}")
    found: dict[tuple[str, dt.date], dict[str, int]] = defaultdict(lambda: dict.fromkeys(names, 0))
    query = select(DailyFigure).where(
        DailyFigure.date.in_(days), DailyFigure.area.in_(areas), DailyFigure.figure.in_(names)
    )
    for row in session.scalars(query):
        found[row.area, row.date][row.figure] = max(row.value, 0)
    return found
