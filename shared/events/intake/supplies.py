"""Stocks of supplies (物资盘点). I10."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.base import Example
from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import Count, Quantity


class SupplyCount(BaseModel):
    """How much of a supply there is, and how much a day uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    count: Count
    used_per_day: Quantity | None = None


class SuppliesCounted(IntakeEvent):
    """The stock of supplies was counted (物资盘点), by name of the item. I10."""

    published = False
    example: ClassVar[Example] = {
        "items": {"口罩": {"count": 500, "used_per_day": 200}, "体温计": {"count": 8}}
    }

    items: dict[str, SupplyCount]
