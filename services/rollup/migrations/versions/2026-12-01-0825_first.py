"""The tables of rollup."""

import sqlalchemy as sa
from alembic import op

from shared.database.types import Instant

revision = "202612010825"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "counted_cases",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("reports", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "daily_figures",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("figure", sa.String(length=30), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("date", "area", "figure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "public_changes",
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("area"),
    )
    op.create_table(
        "public_measures",
        sa.Column("id", sa.String(length=50), nullable=False),
        sa.Column("measure_id", sa.String(length=36), nullable=True),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("public_measures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_public_measures_area"), ["area"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_public_measures_measure_id"), ["measure_id"], unique=False
        )

    op.create_table(
        "public_states",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("value", sa.String(length=20), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("order", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("public_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_public_states_area"), ["area"], unique=False)

    op.create_table(
        "report_revisions",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("because", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("date", "area", "revision"),
    )
    op.create_table(
        "reports",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("deadline", Instant(), nullable=False),
        sa.Column("zero", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=True),
        sa.Column("submitted_at", Instant(), nullable=True),
        sa.Column("submitted_by", sa.String(length=120), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("excused_at", Instant(), nullable=True),
        sa.Column("excused_by", sa.String(length=120), nullable=True),
        sa.Column("excuse", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("corrected_at", Instant(), nullable=True),
        sa.Column("pending", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("date", "area"),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_area_date"), ["area", "date"], unique=False)

    op.create_table(
        "standing_figures",
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("figure", sa.String(length=30), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("area", "figure", "date"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "standing_things",
        sa.Column("thing", sa.String(length=60), nullable=False),
        sa.Column("figure", sa.String(length=30), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.PrimaryKeyConstraint("thing"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhook_places",
        sa.Column("target", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", "source"),
    )
    op.create_table(
        "webhook_targets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("area", sa.String(length=15), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("gone", Instant(), nullable=True),
        sa.Column("paused", Instant(), nullable=True),
        sa.Column("failing_source", sa.String(length=40), nullable=True),
        sa.Column("failing_sequence", sa.BigInteger(), nullable=True),
        sa.Column("skipped", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
