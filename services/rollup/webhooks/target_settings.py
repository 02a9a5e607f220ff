"""What each target is to be sent, as its row says. P2."""

import contextlib
from dataclasses import dataclass, field
from datetime import datetime

from services.rollup.webhooks.handlers import followed
from shared.context import ServiceContext
from shared.metrics import names as metrics


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """What a target is to be sent, as its row says."""

    id: str
    url: str
    area: str
    types: tuple[str, ...]
    private: bool
    attempts: int = field(compare=False)
    failing_since: datetime | None = field(compare=False)
    # What somebody lets it skip is known by that it is begun with anew.
    skipped: int = 0


def forget_attempts(target: str) -> None:
    """Count no more for a target that is not sent to: a series must not outlive it."""
    for outcome in ("taken", "failed"):
        with contextlib.suppress(KeyError):
            metrics.WEBHOOK_ATTEMPTS.remove(target, outcome)


def settings_of_targets(context: ServiceContext) -> set[TargetSettings]:
    """What every target that is followed is to be sent."""
    with context.database.reading() as session:
        return {
            TargetSettings(
                *(row.id, row.url, row.area, tuple(row.types), row.private),
                attempts=row.attempts,
                failing_since=row.failing_since,
                skipped=row.skipped or 0,
            )
            for row in followed(session)
        }
