"""HTTP of figures. R4."""

import datetime as dt
from typing import Any

from pydantic import BaseModel

from services.rollup.figures.answers import AreaFigures
from services.rollup.figures.domain import local_day
from services.rollup.figures.reading import figures_on
from shared.events.base import AreaCode
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role

TEXTS = Catalogue.beside(__file__)

STAFF = frozenset(Role) - {Role.HELPER, Role.RESIDENT, Role.SUBSCRIBER}


class FiguresAsked(BaseModel):
    """The figures of an area, for a day or for today."""

    code: AreaCode
    date: dt.date | None = None


def figures(read: Read, asked: FiguresAsked) -> dict[str, Any]:
    """The figures of an area with all below it, for a day; 0 where there is nothing."""
    day = asked.date or local_day(read.now)
    return {
        "area": asked.code,
        "name": read.site.areas.name(asked.code),
        "date": day,
        "figures": figures_on(read.session, asked.code, day),
    }


routes = Routes("/rollup", "figures", TEXTS)
routes.get("/areas/{code}/figures", figures, FiguresAsked, returns=AreaFigures, roles=STAFF)
