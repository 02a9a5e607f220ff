"""Helpers who stood down under an earlier release come back by the clock as well. V3."""

from pathlib import Path

import pytest
from sqlalchemy import select

from services.volunteers.helpers.fevers import WINDOW
from services.volunteers.helpers.tables import Helper
from services.volunteers.main import SERVICE
from shared.runtime.migrations import migrate
from shared.writer.timers import due_rows
from tests.bulwark.backup.numbered_backups import numbered_database
from tests.support.harness import PostgresServer


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_helpers_who_stood_down_are_looked_at_when_the_database_is_brought_forward(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    if kind == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
    database = numbered_database("volunteers", url)
    migrate(SERVICE, database)
    with database.reading() as session:
        stood_down = session.scalars(select(Helper.id).where(Helper.status == "stood_down")).all()
        due = session.scalars(select(due_rows.c.key).where(due_rows.c.kind == WINDOW)).all()
    assert len(stood_down) == 1
    assert due == stood_down
    database.close()
