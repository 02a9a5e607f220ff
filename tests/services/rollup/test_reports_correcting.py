"""Which signed reports a run of events may correct. R1."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from services.rollup.reports.tables import Report
from shared.events.alerts.checkpoints import CheckpointOpened
from shared.events.alerts.fevers import AlertRaised
from shared.events.intake.screenings import ScreeningRecorded
from tests.services.rollup.making import MORNING, A, B, Projection, made

DAYS = [date(2021, 3, 1) + timedelta(days=n) for n in range(5)]


@pytest.fixture
def projection(tmp_path: Path) -> Iterator[Projection]:
    """Both communities' reports of five days are signed."""
    projection = Projection(tmp_path, MORNING + timedelta(days=4))
    with projection.database.writing() as session:
        for day in DAYS:
            at = {"opened_at": MORNING, "deadline": MORNING}
            session.add_all(
                Report(date=day, area=area, status="submitted", figures={}, **at) for area in (A, B)
            )
        session.commit()
    yield projection
    projection.close()


@pytest.fixture
def loaded() -> Iterator[set[tuple[date, str]]]:
    """The reports that were read."""
    found: set[tuple[date, str]] = set()

    def load(row: Report, _context: Any) -> None:
        found.add((row.date, row.area))

    event.listen(Report, "load", load)
    yield found
    event.remove(Report, "load", load)


@pytest.mark.requirement("R1")
def test_other_days_are_not_read_when_one_record_is_backdated(
    projection: Projection, loaded: set[tuple[date, str]]
) -> None:
    late = made(ScreeningRecorded, area=A, occurred_at=MORNING)
    today = made(ScreeningRecorded, area=B, occurred_at=MORNING + timedelta(days=4))
    projection.apply("intake", [late, today])
    assert loaded == {(DAYS[0], A), (DAYS[4], B)}


@pytest.mark.requirement("R1")
def test_every_later_day_is_read_when_something_stands_since_an_early_one(
    projection: Projection, loaded: set[tuple[date, str]]
) -> None:
    opened = made(CheckpointOpened, area=A, occurred_at=MORNING + timedelta(days=1))
    raised = made(AlertRaised, area=B, occurred_at=MORNING, kind="symptoms")
    projection.apply("alerts", [opened, raised])
    assert loaded == {(DAYS[0], B), *((day, A) for day in DAYS[1:])}
