"""Measures that ended lately are found without a look at all that ever ended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ix_measures_ended",
        "measures",
        ["ended_at", "area"],
        sqlite_where=ended,
        postgresql_where=ended,
    )
