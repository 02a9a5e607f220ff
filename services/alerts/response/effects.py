"""The effects of one order's measures, each in the words of its own kind."""

from datetime import datetime

from services.alerts.measures.domain import Ground, MeasureFacts
from services.alerts.measures.effects import Effect, EffectsByKind
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.pack import PolicyPack


class Effects:
    """The events of one order's measures; what they share is made once.

    `because` is the line of causes of what ends.
    """

    def __init__(
        self, kinds: EffectsByKind, pack: PolicyPack, because: tuple[Cause, ...], now: datetime
    ) -> None:
        self._plain = Effect(pack, because, now)
        self._own = {kind: effect(pack, because, now) for kind, effect in kinds.items()}

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:
        """A measure begins in an area whose level in force is this one."""
        effect = self._own.get(ground.kind, self._plain)
        return effect.starts(area, measure_id, ground, level)

    def ends(self, facts: MeasureFacts) -> Event:
        """A measure of the plan ends."""
        return self._own.get(facts.kind, self._plain).ends(facts)

    def changes(
        self, before: MeasureFacts, measure_id: str, ground: Ground, level: Level
    ) -> list[Event]:
        """A measure takes the place of another of its kind."""
        effect = self._own.get(ground.kind, self._plain)
        return effect.changes(before, measure_id, ground, level)
