"""The rules of the daily report. R1."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rollup.reports import domain
from shared.events.rollup.reports import FigureChange
from shared.policy.reports import Reports

RULES = Reports(opens_at=time(6, 0), deadline=time(18, 0))
DAY = date(2021, 3, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2021-03-01T{text}+08:00")


def test_deadline_is_local_when_the_pack_gives_an_hour() -> None:
    assert domain.deadline(DAY, RULES) == at("18:00:00")
    assert domain.opens_at(DAY, RULES) == at("06:00:00")


@pytest.mark.parametrize(
    ("now", "latest"),
    [(at("05:59:59"), date(2021, 2, 28)), (at("06:00:00"), DAY), (at("23:59:59"), DAY)],
)
def test_today_is_open_when_its_hour_has_come(now: datetime, latest: date) -> None:
    assert domain.latest_open_day(now, RULES) == latest


@pytest.mark.requirement("R1")
def test_missed_days_are_opened_when_nothing_ran_for_a_while() -> None:
    days = domain.days_to_open(DAY - timedelta(days=3), DAY)
    assert days == [DAY - timedelta(days=2), DAY - timedelta(days=1), DAY]
    assert domain.days_to_open(None, DAY) == [DAY]
    assert domain.days_to_open(DAY, DAY) == [DAY]


@given(st.none() | st.dates(date(2019, 1, 1), date(2022, 1, 1)))
def test_days_to_open_are_a_month_at_most_and_end_today_when_worked_out(last: date | None) -> None:
    days = domain.days_to_open(last, DAY)
    assert days[-1] == DAY
    assert 1 <= len(days) <= domain.MOST_DAYS_BACK
    assert days == sorted(set(days))
    if last is not None:
        assert all(day > last for day in days[:-1])


@pytest.mark.requirement("R1")
def test_report_is_zero_when_nothing_of_the_day_was_counted() -> None:
    daily = ("screenings", "fevers")
    assert domain.is_zero({"screenings": 0, "fevers": 0, "checkpoints_open": 1}, daily)
    assert not domain.is_zero({"screenings": 0, "fevers": 1}, daily)


@pytest.mark.parametrize(
    ("when", "late"), [("17:59:59", False), ("18:00:00", False), ("18:00:01", True)]
)
def test_sign_off_is_late_when_it_comes_after_the_deadline(when: str, *, late: bool) -> None:
    assert domain.is_late(at(when), domain.deadline(DAY, RULES)) is late


def test_second_sign_off_is_refused_when_one_was_made() -> None:
    assert domain.refused_sign_off("submitted") == "report_already_submitted"
    assert [domain.refused_sign_off(status) for status in ("open", "missing", "excused")] == [
        None
    ] * 3


def test_excuse_is_refused_when_the_report_came_or_was_excused() -> None:
    assert domain.refused_excuse("submitted") == "report_already_submitted"
    assert domain.refused_excuse("excused") == "report_already_excused"
    assert domain.refused_excuse("missing") is None
    assert domain.refused_excuse("open") is None


@pytest.mark.requirement("R1")
def test_both_values_are_kept_when_a_signed_figure_changed() -> None:
    found = domain.changes({"screenings": 3, "fevers": 1}, {"screenings": 4, "fevers": 1, "new": 9})
    assert found == {"screenings": FigureChange(before=3, after=4)}


def test_corrections_wait_longer_when_there_were_more_of_them() -> None:
    assert domain.next_correction(0, None) is None
    waits = [domain.next_correction(n, at("19:00:00")) for n in (1, 2, 3, 12, 13, 500)]
    seconds = [(wait - at("19:00:00")).total_seconds() for wait in waits if wait]
    assert seconds == [1, 2, 4, 2048, 3600, 3600]


def test_only_those_without_a_report_are_expected_when_some_are_known() -> None:
    assert domain.expected(["a", "b", "c"], {"b"}) == ["a", "c"]
