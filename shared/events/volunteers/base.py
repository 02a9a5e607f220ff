"""What every event of volunteers has in common."""

from shared.events.base import Event


class VolunteersEvent(Event):
    """What every event of volunteers shares."""

    service = "volunteers"
