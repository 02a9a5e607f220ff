"""HTTP of areas: how one stands, the order of its level, what a level would do. A4, P6."""

from typing import Any

from pydantic import BaseModel

from services.alerts.areas import answers
from services.alerts.areas.preview import PreviewLevel, preview
from services.alerts.areas.state import area_state
from services.alerts.risk import handlers as risk
from services.alerts.risk.handlers import OrderLevel
from shared.events.base import AreaCode
from shared.http.reads import Read
from shared.http.routes import Routes
from shared.i18n.catalogue import Catalogue
from shared.security.roles import Role
from shared.writer.handlers import Tx

TEXTS = Catalogue.beside(__file__)


class OneArea(BaseModel):
    """Which area to read."""

    code: AreaCode


def area(read: Read, asked: OneArea) -> dict[str, Any]:
    """An area as it stands."""
    return area_state(read.session, read.site, asked.code)


def _ordered(tx: Tx, command: OrderLevel) -> dict[str, Any]:
    return area_state(tx.session, tx.site, command.code)


routes = Routes("/alerts", "areas", TEXTS)
routes.get("/areas/{code}", area, OneArea, returns=answers.Area, roles=tuple(Role))
routes.put(
    "/areas/{code}/risk-level",
    risk.order_level,
    OrderLevel,
    returns=answers.Area,
    roles=(Role.COMMAND,),
    answer=_ordered,
)
routes.dry_run(
    "/areas/{code}/risk-level/preview",
    preview,
    PreviewLevel,
    returns=answers.Preview,
    roles=(Role.COMMAND, Role.LEAD, Role.IT),
)
