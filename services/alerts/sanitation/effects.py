"""What rounds of disinfection say when they are ordered. D9."""

from datetime import datetime

from services.alerts.measures.domain import Ground
from services.alerts.measures.effects import Effect, EffectsByKind
from services.alerts.sanitation import domain
from shared.events.base import Cause, Event
from shared.events.vocabulary import Level
from shared.policy.pack import PolicyPack
from shared.policy.sanitation import Sanitation


class SanitationEffect(Effect):
    """Rounds are ordered; when the first is due is worked out once for an order."""

    def __init__(self, pack: PolicyPack, because: tuple[Cause, ...], now: datetime) -> None:
        super().__init__(pack, because, now)
        self._due: dict[int, datetime] = {}

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:  # noqa: ARG002
        """Rounds of disinfection are ordered."""
        assert isinstance(ground.parameters, Sanitation)
        times = ground.parameters.times_per_day
        if times not in self._due:
            self._due[times] = domain.first_due(self.now, times)
        return domain.ordered(area, measure_id, times, self._due[times], ground.because, self.now)


EFFECTS: EffectsByKind = {"sanitation": SanitationEffect}
