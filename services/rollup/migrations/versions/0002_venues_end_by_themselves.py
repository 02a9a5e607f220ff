"""On the public page a venue or an election ends by its own event, not with a measure."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.execute(
        "UPDATE public_measures SET measure_id = NULL "
        "WHERE kind IN ('venue_closure', 'venue_limit', 'election_pause') AND id <> measure_id"
    )
