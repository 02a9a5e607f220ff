"""Supplies that run out (物资短缺). I10."""

from typing import ClassVar

from shared.events.alerts.base import AlertsEvent
from shared.events.base import Example
from shared.events.vocabulary import Days, ShortText


class ShortageRaised(AlertsEvent):
    """A supply lasts for few days at the present use (物资短缺). I10."""

    published = False
    key = ("area", "item")
    example: ClassVar[Example] = {"item": "口罩", "days_of_cover": 2.5}
    item: ShortText
    days_of_cover: Days
