"""What every event of alerts has in common."""

from shared.events.base import Event


class AlertsEvent(Event):
    """What every event of alerts shares."""

    service = "alerts"
