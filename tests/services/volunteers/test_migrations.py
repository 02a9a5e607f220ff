"""Helpers who stood down under an earlier release come back by the clock as well. V3."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from services.volunteers.helpers.fevers import WINDOW
from services.volunteers.main import SERVICE
from shared.database.engine import Database
from shared.runtime.migrations import migrate
from shared.writer.timers import due_rows

HELPER = (
    "INSERT INTO helpers (id, area, sealed, person_id, skills, languages, capacity, status, "
    "registered_at, status_since) "
    "VALUES (:id, '220581001001', '', :person, '[]', '[]', 5, :status, :at, :at)"
)
FEVER = "INSERT INTO person_fevers (alert_id, person_id, because) VALUES ('one', 'ill', '[]')"
HELPERS = {"available": "well", "away": "ill", "stood_down": "ill", "forgotten": "erased"}
AT = "2021-01-18T08:00:00.000000+08:00"


def test_helpers_who_stood_down_are_looked_at_when_the_database_is_brought_forward(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    config = Config()
    config.set_main_option("script_location", str(SERVICE.migrations))
    with database.write_engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for name, person in HELPERS.items():
            status = "stood_down" if name == "forgotten" else name
            values = {"id": name, "person": person, "status": status, "at": AT}
            connection.execute(text(HELPER), values)
        connection.execute(text(FEVER))
    migrate(SERVICE, database)
    with database.write_engine.begin() as connection:
        found = connection.execute(due_rows.select()).all()
    assert [(row.kind, row.key) for row in found] == [(WINDOW, "stood_down")]
    database.close()
