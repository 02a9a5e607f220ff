"""Adding, removing and moving on: what the writer does for webhooks. P2."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, select, update

from services.rollup.texts import TEXTS
from services.rollup.webhooks.addresses import endpoint
from services.rollup.webhooks.domain import sources_of
from services.rollup.webhooks.tables import WebhookPlace, WebhookTarget
from shared.inbox import place_of_source
from shared.refusal import NotFound
from shared.transaction import Tx

# In a place: from where the stream begins when it is first read, which is seldom at 1.
FROM_START = -1


@dataclass(slots=True)
class AddTarget:
    """A new target, told of what follows from now on, or of everything there is in the streams.

    Its answer is the target's id.
    """

    url: str
    area: str
    types: list[str]
    private: bool = False
    from_start: bool = False
    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> str:  # noqa: ARG002 - see Work
        """Store it with its places; raises Invalid."""
        endpoint(self.url, private=self.private)
        target = str(uuid4())
        row = WebhookTarget(
            id=target,
            url=self.url,
            area=self.area,
            types=self.types,
            private=self.private,
            added_at=tx.now,
        )
        tx.session.add(row)
        for source in sources_of(self.types):
            here = tx.page.head if source == tx.service.name else None
            reached = place_of_source(tx.connection, source) if here is None else here
            place = FROM_START if self.from_start else reached
            tx.session.add(WebhookPlace(target=target, source=source, sequence=place))
        return target


@dataclass(slots=True)
class RemoveTarget:
    """A target that is told no more."""

    target: str
    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> None:  # noqa: ARG002 - see Work
        """Forget it and its places; raises NotFound."""
        if tx.session.get(WebhookTarget, self.target) is None:
            raise NotFound(TEXTS, "no_such_webhook", field="id", id=self.target)
        tx.session.execute(delete(WebhookTarget).where(WebhookTarget.id == self.target))
        tx.session.execute(delete(WebhookPlace).where(WebhookPlace.target == self.target))


@dataclass(slots=True)
class Told:
    """A target was told up to an event, or did not want what lay between. The answer is whether
    the place was still where it was thought to be: another process may have gone on."""

    target: str
    source: str
    after: int
    upto: int
    # Whether something was sent, so that earlier failures are over.
    sent: bool
    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> bool:  # noqa: ARG002 - see Work
        """Move the place."""
        same = (WebhookPlace.target == self.target, WebhookPlace.source == self.source)
        move = update(WebhookPlace).where(*same, WebhookPlace.sequence == self.after)
        moved: Any = tx.session.execute(move.values(sequence=self.upto))
        if self.sent:
            well = {"attempts": 0, "failing_since": None, "error": None}
            failing = (WebhookTarget.id == self.target, WebhookTarget.attempts > 0)
            tx.session.execute(update(WebhookTarget).where(*failing).values(**well))
        return bool(moved.rowcount == 1)


@dataclass(slots=True)
class Failed:
    """A sending failed, or the target said that it wants no more."""

    target: str
    attempts: int
    error: str
    since: datetime
    gone: bool = False
    weight: int = 1

    def run(self, tx: Tx, *, careful: bool) -> None:  # noqa: ARG002 - see Work
        """Note it, for who looks."""
        values = {"attempts": self.attempts, "error": self.error, "failing_since": self.since}
        if self.gone:
            values["gone"] = tx.now
        query = update(WebhookTarget).where(WebhookTarget.id == self.target)
        tx.session.execute(query.values(**values))


def targets(session: Any) -> list[WebhookTarget]:
    """Every target, the oldest first."""
    return list(session.scalars(select(WebhookTarget).order_by(WebhookTarget.added_at)))


def followed(session: Any) -> list[WebhookTarget]:
    """The targets that are sent to."""
    return [target for target in targets(session) if target.gone is None]


def places(session: Any, target: str) -> dict[str, int]:
    """How far a target was told, by source."""
    rows = session.execute(
        select(WebhookPlace.source, WebhookPlace.sequence).where(WebhookPlace.target == target)
    )
    return {row.source: row.sequence for row in rows}
