"""What the routes of sealed management answer. D3."""

from services.alerts.measures.answers import Measure
from shared.events.base import AreaCode, Id
from shared.http.answers import Answered


class Sealing(Answered):
    """The sealing of an area (封闭管理) as it stands after an order."""

    id: Id
    area: AreaCode
    measures: list[Measure]
