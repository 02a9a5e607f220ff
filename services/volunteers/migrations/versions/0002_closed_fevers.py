"""A fever keeps what closed it, and helpers whose fever is closed already come back by the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    with op.batch_alter_table("person_fevers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed_because", sa.JSON(), nullable=True))
    # Due at once: the handler asks again for the end of the window where it is not over.
    op.execute(
        "INSERT INTO due (kind, key, at) "
        "SELECT 'helpers.window', id, status_since FROM helpers WHERE status = 'stood_down' "
        "AND EXISTS (SELECT 1 FROM person_fevers WHERE person_fevers.person_id = helpers.person_id)"
    )
