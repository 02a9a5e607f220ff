"""What a kind of measure says when it starts, changes or ends.

A kind with events of its own has an `Effect` in its feature, which overrides what is said
otherwise; `main.py` hands them all to the response.
"""

from collections.abc import Mapping
from datetime import datetime

from services.alerts.measures import domain
from services.alerts.measures.domain import Ground, MeasureFacts
from shared.events.alerts.measures import MeasureKind
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.pack import PolicyPack


class Effect:
    """One kind of measure in one order: what its measures share is made once, in `__init__`.

    `because` is the line of causes of what ends. Without events of its own a kind says
    MeasureStarted and MeasureEnded.
    """

    def __init__(self, pack: PolicyPack, because: tuple[Cause, ...], now: datetime) -> None:
        self.pack = pack
        self.because = because
        self.now = now

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:  # noqa: ARG002 - a notice asks for the level
        """A measure begins in an area whose level in force is this one."""
        return domain.started(area, measure_id, ground, self.now)

    def ends(self, facts: MeasureFacts) -> Event:
        """A measure of the plan ends."""
        return domain.ended(facts, self.because, self.now)

    def changes(
        self, before: MeasureFacts, measure_id: str, ground: Ground, level: Level
    ) -> list[Event]:
        """A measure takes the place of another of its kind."""
        return [self.ends(before), self.starts(before.area, measure_id, ground, level)]


EffectsByKind = Mapping[MeasureKind, type[Effect]]
