"""What a notice says when it is issued. D10."""

from services.alerts.measures.domain import Ground
from services.alerts.measures.effects import Effect, EffectsByKind
from services.alerts.notices import domain
from shared.events.base import Event
from shared.events.vocabulary import Level
from shared.policy.notices import Notice


class NoticeEffect(Effect):
    """A notice is issued, with the level that it tells of."""

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:
        """A notice is issued."""
        assert isinstance(ground.parameters, Notice)
        return domain.issued(area, measure_id, level, ground.parameters, ground.because, self.now)


EFFECTS: EffectsByKind = {"notice": NoticeEffect}
