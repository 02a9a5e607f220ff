"""What a checkpoint says when it opens and closes, and a sealing when it is proposed. D3."""

from services.alerts.checkpoints import domain
from services.alerts.measures.domain import Ground, MeasureFacts
from services.alerts.measures.effects import Effect, EffectsByKind
from shared.events.base import Event
from shared.events.vocabulary import Level
from shared.policy.checkpoints import Checkpoint


class CheckpointEffect(Effect):
    """A checkpoint opens and closes."""

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:  # noqa: ARG002
        """A checkpoint opens."""
        assert isinstance(ground.parameters, Checkpoint)
        checks = ground.parameters.checks
        return domain.opened(area, measure_id, ground.response_id, checks, ground.because, self.now)

    def ends(self, facts: MeasureFacts) -> Event:
        """A checkpoint closes."""
        assert isinstance(facts.parameters, Checkpoint)
        checks = facts.parameters.checks
        return domain.closed(
            facts.area, facts.id, facts.response_id, checks, self.because, self.now
        )


class SealingEffect(Effect):
    """A sealing of the plan is proposed to the command."""

    def starts(self, area: str, measure_id: str, ground: Ground, level: Level) -> Event:  # noqa: ARG002
        """A sealing is proposed."""
        return domain.sealing_proposed(
            area, measure_id, ground.response_id, ground.because, self.now
        )


EFFECTS: EffectsByKind = {"checkpoint": CheckpointEffect, "sealing": SealingEffect}
