"""Adding, removing, pausing and moving on: what the writer does for webhooks. P2."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import delete, select, update

from services.rollup.webhooks.addresses import endpoint
from services.rollup.webhooks.domain import sources_of
from services.rollup.webhooks.tables import WebhookPlace, WebhookTarget
from shared.exceptions import Conflict, NotFound
from shared.i18n.catalogue import Catalogue
from shared.inbox.checkpoints import checkpoint_in
from shared.security.audit import Recording, record
from shared.writer.idempotency import OneTimeWork
from shared.writer.transaction import Transaction

TEXTS = Catalogue.beside(__file__)

# In a place: from where the stream begins when it is first read, which is seldom at 1.
FROM_START = -1


# A target that takes what it is sent.
WELL: Final = {
    "attempts": 0,
    "failing_since": None,
    "error": None,
    "failing_source": None,
    "failing_sequence": None,
}


@dataclass(slots=True)
class AddTarget(OneTimeWork):
    """A new target, told of what follows from now on, or of everything there is in the streams.

    Its answer is the target's id.
    """

    url: str
    area: str
    types: list[str]
    private: bool = False
    from_start: bool = False
    reason: str = ""
    target: str = field(default_factory=lambda: str(uuid4()))
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> str:  # noqa: ARG002 - see Work
        """Store it with its places; raises Invalid."""
        if not tx.idempotency.is_first(self.work_id):
            return self.target
        tx.caller = None
        endpoint(self.url, private=self.private)
        target = self.target
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
            here = tx.buffer.head if source == tx.handlers.name else None
            reached = checkpoint_in(tx.connection, source) if here is None else here
            place = FROM_START if self.from_start else reached
            tx.session.add(WebhookPlace(target=target, source=source, sequence=place))
        record(tx, "webhook.add", target, self.reason)
        return target


@dataclass(slots=True)
class RemoveTarget(OneTimeWork):
    """A target that is told no more."""

    target: str
    reason: str = ""
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:  # noqa: ARG002 - see Work
        """Forget it and its places; raises NotFound."""
        if not tx.idempotency.is_first(self.work_id):
            return
        tx.session.delete(_target(tx, self.target))
        tx.session.execute(delete(WebhookPlace).where(WebhookPlace.target == self.target))
        record(tx, "webhook.remove", self.target, self.reason)


@dataclass(slots=True)
class PauseTarget(OneTimeWork):
    """A target that is sent nothing until it is resumed; nothing is lost meanwhile."""

    target: str
    paused: bool = True
    reason: str = ""
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:  # noqa: ARG002 - see Work
        """Pause or resume it; raises NotFound."""
        if not tx.idempotency.is_first(self.work_id):
            return
        _target(tx, self.target).paused = tx.now if self.paused else None
        record(tx, "webhook.pause" if self.paused else "webhook.resume", self.target, self.reason)


@dataclass(slots=True)
class SkipEvent:
    """The event that a target does not take is not sent to it; what waits behind it is.

    The answer names the event, as `alerts#7`.
    """

    target: str
    reason: str = ""
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> str:  # noqa: ARG002 - see Work
        """Move the place behind it; raises NotFound, or Conflict when it takes what it is sent."""
        row = _target(tx, self.target)
        source, number = row.failing_source, row.failing_sequence
        place = tx.session.get(WebhookPlace, (self.target, source)) if source else None
        if place is None or number is None or place.sequence >= number:
            raise Conflict(TEXTS, "webhook_nothing_to_skip", field="id", id=self.target)
        place.sequence = number
        row.skipped = (row.skipped or 0) + 1
        for name, value in WELL.items():
            setattr(row, name, value)
        record(tx, "webhook.skip", self.target, f"{source}#{number} {self.reason}".strip())
        return f"{source}#{number}"


@dataclass(slots=True)
class MoveCheckpoint:
    """A target accepted events up to a number, or did not want what lay between.

    The answer is whether the checkpoint was still where it was thought to be: another process may
    have gone on.
    """

    target: str
    source: str
    after: int
    upto: int
    # Whether something was sent, so that earlier failures are over.
    sent: bool
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> bool:  # noqa: ARG002 - see Work
        """Move the checkpoint."""
        same = (WebhookPlace.target == self.target, WebhookPlace.source == self.source)
        move = update(WebhookPlace).where(*same, WebhookPlace.sequence == self.after)
        moved: Any = tx.session.execute(move.values(sequence=self.upto))
        if self.sent:
            failing = (WebhookTarget.id == self.target, WebhookTarget.attempts > 0)
            tx.session.execute(update(WebhookTarget).where(*failing).values(**WELL))
        return bool(moved.rowcount == 1)


@dataclass(slots=True)
class Failed:
    """A sending failed, or the target said that it wants no more."""

    target: str
    attempts: int
    error: str
    since: datetime
    gone: bool = False
    # The source and the number of what it did not take.
    at: tuple[str, int] | None = None
    size: int = 1

    def run(self, tx: Transaction, *, isolate: bool) -> None:  # noqa: ARG002 - see Work
        """Note it, for who looks; what was skipped meanwhile is no failure any more."""
        source, number = self.at or (None, None)
        place = tx.session.get(WebhookPlace, (self.target, source)) if source else None
        if place and number is not None and place.sequence >= number:
            return
        values = {"attempts": self.attempts, "error": self.error, "failing_since": self.since}
        values |= {"failing_source": source, "failing_sequence": number}
        if self.gone:
            values["gone"] = tx.now
        query = update(WebhookTarget).where(WebhookTarget.id == self.target)
        tx.session.execute(query.values(**values))


def pause_all(tx: Recording, reason: str) -> int:
    """Pause every target that is sent to; returns how many."""
    standing = (WebhookTarget.paused.is_(None), WebhookTarget.gone.is_(None))
    query = update(WebhookTarget).where(*standing).values(paused=tx.now)
    found = tx.connection.execute(query.returning(WebhookTarget.id)).scalars().all()
    for target in found:
        record(tx, "webhook.pause", target, reason)
    return len(found)


def _target(tx: Transaction, target: str) -> WebhookTarget:
    # Whoever asks has the data folder, and no token.
    tx.caller = None
    row = tx.session.get(WebhookTarget, target)
    if row is None:
        raise NotFound(TEXTS, "no_such_webhook", field="id", id=target)
    return row


def targets(session: Any) -> list[WebhookTarget]:
    """Every target, the oldest first."""
    return list(session.scalars(select(WebhookTarget).order_by(WebhookTarget.added_at)))


def followed(session: Any) -> list[WebhookTarget]:
    """The targets that are sent to."""
    return [one for one in targets(session) if one.gone is None and one.paused is None]


def places(session: Any, target: str) -> dict[str, int]:
    """How far a target was told, by source."""
    rows = session.execute(
        select(WebhookPlace.source, WebhookPlace.sequence).where(WebhookPlace.target == target)
    )
    return {row.source: row.sequence for row in rows}
