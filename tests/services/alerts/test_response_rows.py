"""How the rows of measures are found. D2."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from services.alerts.main import SERVICE
from services.alerts.measures.rows import one_of_each
from shared.database.engine import Database
from shared.runtime.migrations import migrate

SINCE = datetime(2021, 1, 11, tzinfo=UTC)


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(
    ("area", "index"),
    [
        ("220581", "USING INDEX ix_measures_ended (ended_at>?)"),
        ("220581001", "USING PRIMARY KEY (area>? AND area<?)"),
    ],
)
def test_little_is_looked_at_when_the_ended_measures_of_an_area_are_asked_for(
    tmp_path: Path, area: str, index: str
) -> None:
    database = Database(f"sqlite:///{tmp_path}/alerts.db")
    migrate(SERVICE, database)
    asked: list[tuple[str, Any]] = []

    def keep(_connection: object, _cursor: object, text: str, values: Any, *_rest: object) -> None:
        asked.append((text, values))

    listen(database.read_engine, "before_cursor_execute", keep)
    with database.reading() as session:
        assert one_of_each(session, area, ended_since=SINCE) == []
        text, values = next(one for one in asked if "FROM measures" in one[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
        steps = [row[-1] for row in plan]
    database.close()
    assert f"SEARCH measures {index}" in steps
