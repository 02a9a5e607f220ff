"""Stocks of supplies (物资盘点). I10."""

from pydantic import BaseModel, ConfigDict

from shared.events.intake.base import IntakeEvent
from shared.events.vocabulary import Count, Quantity


class SupplyCount(BaseModel):
    """How much of a supply there is, and how much a day uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    count: Count
    used_per_day: Quantity | None = None


class SuppliesCounted(IntakeEvent):
    """The stock of supplies was counted (物资盘点), by name of the item. I10."""

    items: dict[str, SupplyCount]
