"""The counters, and what must be remembered to keep them right. R4."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, String
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from services.rollup.schema import Table

WITHOUT_ROWID = {"sqlite_with_rowid": False}


class DailyFigure(Table):
    """How often something happened on a day, in an area with all below it."""

    __tablename__ = "daily_figures"
    __table_args__ = WITHOUT_ROWID

    date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    figure: Mapped[str] = mapped_column(String(30), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class StandingFigure(Table):
    """How many things are in a state at the end of a day, on the days on which that changed.

    The value holds until the next row, so that a read is one step in the index, however long
    nothing changed.
    """

    __tablename__ = "standing_figures"
    __table_args__ = WITHOUT_ROWID

    area: Mapped[str] = mapped_column(String(15), primary_key=True)
    figure: Mapped[str] = mapped_column(String(30), primary_key=True)
    date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class StandingThing(Table):
    """A thing that counts in a standing figure now, so that what is said twice counts once."""

    __tablename__ = "standing_things"
    __table_args__ = WITHOUT_ROWID

    thing: Mapped[str] = mapped_column(String(60), primary_key=True)
    figure: Mapped[str] = mapped_column(String(30))
    area: Mapped[str] = mapped_column(String(15))


class CountedCase(Table):
    """A case with all its reports, from which its counts are worked out anew at each of them."""

    __tablename__ = "counted_cases"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    reports: Mapped[list[list[Any]]] = mapped_column(JSON)


Counts = Mapping[tuple[dt.date, str, str], int]

_ADD_DAILY = """
    INSERT INTO daily_figures (date, area, figure, value) VALUES (?, ?, ?, ?)
    ON CONFLICT (date, area, figure)
    DO UPDATE SET value = daily_figures.value + excluded.value"""
_CARRY_STANDING = """
    INSERT INTO standing_figures (area, figure, date, value)
    VALUES (?, ?, ?, COALESCE((
        SELECT value FROM standing_figures WHERE area = ? AND figure = ? AND date < ?
        ORDER BY date DESC LIMIT 1), 0))
    ON CONFLICT (area, figure, date) DO NOTHING"""
_ADD_STANDING = """
    UPDATE standing_figures SET value = value + ? WHERE area = ? AND figure = ? AND date >= ?"""


def add_daily(connection: Connection, counts: Counts) -> None:
    """Add to daily figures."""
    rows = [(day.isoformat(), area, figure, n) for (day, area, figure), n in counts.items()]
    _execute(connection, _ADD_DAILY, rows)


def add_standing(connection: Connection, counts: Counts) -> None:
    """Add to standing figures, on a day and on all after it."""
    keys = [(area, figure, day.isoformat()) for day, area, figure in counts]
    _execute(connection, _CARRY_STANDING, [key + key for key in keys])
    rows = [(n, *key) for key, n in zip(keys, counts.values(), strict=True)]
    _execute(connection, _ADD_STANDING, rows)


def _execute(connection: Connection, sql: str, rows: list[tuple[Any, ...]]) -> None:
    # Straight to the driver: the hottest statements of the product.
    if rows:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(sql.replace("?", mark), rows)
