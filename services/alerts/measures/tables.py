"""Responses, and the measures they put into communities (应急响应与防控措施).

What the measures of one order share stands once in `grounds`: a county of five thousand
communities must not repeat it twenty thousand times. Plain tables, not classes, for that order.
"""

from sqlalchemy import JSON, Column, Index, String, Table

from services.alerts import schema
from shared.database.types import Instant

responses = Table(
    "responses",
    schema.Table.metadata,
    Column("id", String(36), primary_key=True),
    Column("area", String(15), nullable=False, index=True),
    Column("level", String(10), nullable=False),
    # The event that made this level, and its line of causes with the event itself at the end.
    Column("event_id", String(36), nullable=False),
    Column("because", JSON, nullable=False),
    Column("since", Instant, nullable=False),
    Column("ended_at", Instant),
)

grounds = Table(
    "grounds",
    schema.Table.metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(30), nullable=False),
    # `plan`, or `manual` for what was ordered by hand, which no plan ends.
    Column("source", String(10), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("line", String(200)),
    Column("because", JSON, nullable=False),
    Column("response_id", String(36)),
    Column("since", Instant, nullable=False),
)

measures = Table(
    "measures",
    schema.Table.metadata,
    Column("area", String(15), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("ground_id", String(36), nullable=False),
    # Absent while the measure is active.
    Column("ended_at", Instant),
    sqlite_with_rowid=False,
)
Index(
    "ix_measures_active",
    measures.c.area,
    sqlite_where=measures.c.ended_at.is_(None),
    postgresql_where=measures.c.ended_at.is_(None),
)
Index(
    "ix_measures_ended",
    measures.c.ended_at,
    measures.c.area,
    sqlite_where=measures.c.ended_at.is_not(None),
    postgresql_where=measures.c.ended_at.is_not(None),
)
