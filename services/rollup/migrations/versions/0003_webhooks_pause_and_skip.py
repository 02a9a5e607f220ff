"""A webhook's target can be paused, and an event that it never takes can be skipped."""

import sqlalchemy as sa
from alembic import op

from shared.database import types as db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    with op.batch_alter_table("webhook_targets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused", db.Instant(), nullable=True))
        batch_op.add_column(sa.Column("failing_source", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("failing_sequence", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("skipped", sa.Integer(), nullable=True))
