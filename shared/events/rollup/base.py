"""What every event of rollup has in common."""

from shared.events.base import Event


class RollupEvent(Event):
    """What every event of rollup shares."""

    service = "rollup"
