"""Opening and missing reports, many at a time. R1."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from services.rollup.reports import opening
from services.rollup.reports.tables import Report
from shared.events.base import Event
from shared.events.envelope import decode, parse
from shared.runtime.runtime import Start
from shared.runtime.ticker import Tick
from shared.writer.handlers import Tx
from tests.services.rollup.making import MORNING, C, Projection

COMMUNITIES = 333


class Reports:
    """Rollup started on a clock of its own, and what it logged."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.logged: list[Any] = []

    def start(self) -> None:
        self.take(Start(opening.start))

    def tick(self) -> int:
        count = 0
        while found := self.take(Tick()):
            count += found
        return count

    def take(self, work: Any) -> Any:
        commit = self.projection.writer.apply([work])
        found = [decode(parse(row.document)) for row in commit.rows]
        self.logged.extend(recorded.data for recorded in found if recorded)
        return commit.outcomes[0]

    def step_to(self, instant: datetime) -> None:
        self.projection.clock.step_to(instant)
        self.tick()

    def days(self, name: str) -> Counter[str]:
        return Counter(e.date.isoformat() for e in self.logged if e.name == name)


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Reports]:
    projection = Projection(tmp_path)
    yield Reports(projection)
    projection.close()


@pytest.mark.requirement("R1")
def test_each_report_is_opened_and_missed_once_when_a_transaction_holds_few(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 100)
    reports.start()
    assert reports.days("report_opened") == {"2021-03-01": 100}
    reports.tick()
    assert reports.days("report_opened") == {"2021-03-01": COMMUNITIES}
    assert len({event.area for event in reports.logged}) == COMMUNITIES
    reports.step_to(MORNING.replace(hour=18))
    assert reports.days("report_missed") == {"2021-03-01": COMMUNITIES}
    assert reports.tick() == 0


@pytest.mark.parametrize("at_once", [100, 2000])
def test_nothing_is_opened_twice_when_the_process_starts_again(
    reports: Reports, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", at_once)
    reports.start()
    reports.start()
    reports.tick()
    reports.start()
    reports.tick()
    assert reports.days("report_opened") == {"2021-03-01": COMMUNITIES}


def forget_c(tx: Tx) -> Iterable[Event]:
    """As if the community C had not been in the tree."""
    tx.session.execute(delete(Report).where(Report.area == C))
    return ()


def test_one_report_is_opened_when_its_community_joined_the_tree_since(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 100)
    reports.start()
    reports.tick()
    reports.take(Start(forget_c))
    reports.logged.clear()
    reports.start()
    reports.tick()
    assert [event.area for event in reports.logged] == [C]


@pytest.mark.requirement("R1")
def test_nothing_is_missing_when_a_site_is_set_up_after_the_deadline(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 100)
    evening, next_deadline = MORNING.replace(hour=19), MORNING.replace(day=2, hour=18)
    reports.projection.clock.step_to(evening)
    reports.start()
    reports.tick()
    assert reports.days("report_opened") == {"2021-03-01": COMMUNITIES}
    assert {event.due_at for event in reports.logged} == {next_deadline}
    reports.step_to(next_deadline - timedelta(minutes=1))
    assert reports.days("report_missed") == {}
    reports.step_to(next_deadline)
    assert reports.days("report_missed") == dict.fromkeys(["2021-03-01", "2021-03-02"], COMMUNITIES)


@pytest.mark.requirement("R1")
def test_every_day_is_opened_when_the_clock_makes_a_large_step(reports: Reports) -> None:
    reports.start()
    reports.step_to(MORNING + timedelta(days=3))
    days = [f"2021-03-0{day}" for day in range(1, 5)]
    assert reports.days("report_opened") == dict.fromkeys(days, COMMUNITIES)
    assert reports.days("report_missed") == dict.fromkeys(days[:-1], COMMUNITIES)


def test_each_piece_is_looked_at_once_when_nothing_ran_for_days(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[tuple[Any, ...]] = []
    open_piece = opening._open

    def told(tx: Tx, *piece: Any) -> list[Event]:
        pieces.append(piece)
        return open_piece(tx, *piece)

    monkeypatch.setattr(opening, "AT_ONCE", 100)
    reports.start()
    reports.tick()
    monkeypatch.setattr(opening, "_open", told)
    reports.projection.clock.step_to(MORNING + timedelta(days=3))
    reports.start()
    reports.tick()
    assert set(reports.days("report_opened").values()) == {COMMUNITIES}
    assert len(pieces) == len(set(pieces)) == 3 * 4


def test_a_month_is_opened_at_most_when_nothing_ran_for_longer(reports: Reports) -> None:
    reports.start()
    reports.projection.clock.step_to(MORNING + timedelta(days=50))
    reports.start()
    reports.tick()
    opened = reports.days("report_opened")
    assert len(opened) == 1 + 31
    assert set(opened.values()) == {COMMUNITIES}
    assert max(opened) == (MORNING + timedelta(days=50)).date().isoformat()
