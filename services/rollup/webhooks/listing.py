"""The targets of webhooks as they are listed for whoever runs the site. P2."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from services.rollup.webhooks.handlers import places, targets
from services.rollup.webhooks.tables import WebhookTarget


@dataclass(frozen=True, slots=True)
class ListedTarget:
    """A target with its reader's checkpoint in each source, below 0 for "from the beginning".

    `failing` is the event that it does not accept, as `alerts#7`.
    """

    id: str
    url: str
    area: str
    types: tuple[str, ...]
    checkpoints: dict[str, int]
    gone: datetime | None
    paused: datetime | None
    failing_since: datetime | None
    failing: str | None
    attempts: int
    error: str | None


def listed_targets(session: Session) -> list[ListedTarget]:
    """Every target, the oldest first."""
    return [
        ListedTarget(
            id=row.id,
            url=row.url,
            area=row.area,
            types=tuple(row.types),
            checkpoints=places(session, row.id),
            gone=row.gone,
            paused=row.paused,
            failing_since=row.failing_since,
            failing=f"{row.failing_source}#{row.failing_sequence}" if row.failing_source else None,
            attempts=row.attempts,
            error=row.error,
        )
        for row in targets(session)
    ]


def has_targets(connection: Connection) -> bool:
    """Whether a rollup database, which may be older than webhooks, holds any target."""
    if not inspect(connection).has_table(WebhookTarget.__tablename__):
        return False
    return connection.execute(select(WebhookTarget.id).limit(1)).first() is not None
