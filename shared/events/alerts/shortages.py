"""Supplies that run out (物资短缺). I10."""

from shared.events.alerts.base import AlertsEvent
from shared.events.vocabulary import Days, ShortText


class ShortageRaised(AlertsEvent):
    """A supply lasts for few days at the present use (物资短缺). I10."""

    key = ("area", "item")
    item: ShortText
    days_of_cover: Days
