"""What the routes of figures answer. R4."""

import datetime as dt

from shared.events.base import AreaCode
from shared.http.answers import Answered


class AreaFigures(Answered):
    """The figures of an area with all below it, on a day, by their names."""

    area: AreaCode
    name: str
    date: dt.date
    figures: dict[str, int]
