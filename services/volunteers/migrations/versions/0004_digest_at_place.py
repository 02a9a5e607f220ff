"""What stands at a reader's place is kept, so that its source can be asked whether it wrote that."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("places", sa.Column("digest", sa.String(length=60), nullable=True))
