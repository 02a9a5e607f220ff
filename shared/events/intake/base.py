"""What every event of intake has in common."""

from typing import ClassVar

from shared.events.base import Event, Example


class IntakeEvent(Event):
    """What every event of intake shares."""

    service = "intake"
    example: ClassVar[Example] = {"because": []}
