"""The targets of webhooks, and how far each was told. P2."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Boolean, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.rollup.schema import Table
from shared.database.types import Instant


class WebhookTarget(Table):
    """Where events are sent; `attempts` counts the failures since the last that went well.

    `private` lets it lie in the site's own network and speak plain HTTP. `gone` is when it said
    that it wants no more (410), `paused` since when nothing is sent until somebody resumes it.
    `failing_source` and `failing_sequence` are the event that it does not take; `skipped` counts
    those that somebody let it miss (None for none).
    """

    __tablename__ = "webhook_targets"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    area: Mapped[str] = mapped_column(String(15))
    types: Mapped[list[str]] = mapped_column(JSON)
    private: Mapped[bool] = mapped_column(Boolean)
    added_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)
    gone: Mapped[datetime | None] = mapped_column(Instant)
    paused: Mapped[datetime | None] = mapped_column(Instant)
    failing_source: Mapped[str | None] = mapped_column(String(40))
    failing_sequence: Mapped[int | None] = mapped_column(BigInteger)
    skipped: Mapped[int | None] = mapped_column(Integer)


class WebhookPlace(Table):
    """The number of the last event of a source that a target was sent, or did not want; below 0
    as long as it is to be sent everything from where the stream begins."""

    __tablename__ = "webhook_places"

    target: Mapped[str] = mapped_column(String(36), primary_key=True)
    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
