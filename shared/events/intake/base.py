"""What every event of intake has in common."""

from shared.events.base import Event


class IntakeEvent(Event):
    """What every event of intake shares."""

    service = "intake"
