"""What makes a case, when a report of it is news, and the three situations. A3, I9."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.risk import domain
from services.alerts.risk.domain import Case, Report, assess_situation, case_of
from shared.events.intake.cases import CaseStatus
from tests.services.alerts.some_cases import COMMUNITY, COUNTY, OTHER, PACK, TODAY, case, chain


def report(sequence: int, status: CaseStatus, **facts: Any) -> Report:
    return Report(sequence=sequence, area=COMMUNITY, status=status, reported_on=TODAY, **facts)


@pytest.mark.requirement("A4")
@pytest.mark.parametrize("ending", ["recovered", "died"])
def test_case_counts_on_from_its_confirmation_when_it_ended(ending: CaseStatus) -> None:
    confirmed = report(1, "confirmed", confirmed_on=TODAY - timedelta(days=3), origin="local")
    ended = replace(report(9, ending, origin="local"), reported_on=TODAY + timedelta(days=9))
    found = case_of("c", [confirmed, ended])
    assert (found.counts_as, found.confirmed_on) == ("confirmed", TODAY - timedelta(days=3))
    assert found.sequence == 1
    assert domain.counts(found, PACK)


def test_case_does_not_count_when_it_was_cleared_or_never_confirmed() -> None:
    suspected, cleared = report(1, "suspected"), report(2, "cleared")
    assert not domain.counts(case_of("c", [suspected, cleared]), PACK)
    assert case_of("c", [suspected, report(3, "died")]).counts_as is None
    assert case_of("c", [report(3, "died", confirmed_on=TODAY)]).counts_as == "confirmed"
    asymptomatic = case_of("c", [report(1, "asymptomatic"), report(3, "recovered")])
    assert asymptomatic.counts_as == "asymptomatic"


def test_day_is_that_of_the_report_when_no_confirmation_day_is_told() -> None:
    suspected = replace(report(1, "suspected"), reported_on=TODAY - timedelta(days=4))
    found = case_of("c", [suspected, report(2, "confirmed"), report(3, "confirmed")])
    assert (found.confirmed_on, found.sequence) == (TODAY, 2)


@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(["suspected", "confirmed", "asymptomatic", "recovered", "cleared"]),
            st.one_of(st.none(), st.dates(date(2021, 1, 1), TODAY)),
            st.sampled_from(["local", "imported", "unknown"]),
        ),
        min_size=1,
        max_size=5,
    ),
    random=st.randoms(use_true_random=False),
)
def test_case_is_the_same_when_its_reports_come_in_another_order(
    told: list[tuple[Any, date | None, Any]], random: Any
) -> None:
    reports = [
        report(number, status, confirmed_on=day, origin=origin)
        for number, (status, day, origin) in enumerate(told)
    ]
    assert case_of("c", random.sample(reports, len(reports))) == case_of("c", reports)


def test_report_is_news_when_it_brings_a_counted_case_to_the_area() -> None:
    suspected, confirmed = case(counts_as="suspected"), case()
    moved = replace(confirmed, area=OTHER)
    assert domain.is_news(None, confirmed, COUNTY, TODAY, PACK)
    assert domain.is_news(suspected, confirmed, COUNTY, TODAY, PACK)
    assert not domain.is_news(confirmed, confirmed, COUNTY, TODAY, PACK)
    assert not domain.is_news(None, suspected, COUNTY, TODAY, PACK)
    assert not domain.is_news(None, case(14), COUNTY, TODAY, PACK)
    assert domain.is_news(confirmed, moved, OTHER, TODAY, PACK)
    assert not domain.is_news(confirmed, moved, COUNTY, TODAY, PACK)
    assert not domain.is_news(confirmed, moved, COMMUNITY, TODAY, PACK)


@pytest.mark.requirement("A3")
@pytest.mark.parametrize(
    ("cases", "expected", "key"),
    [
        pytest.param([], "no_cases", "no_cases.days_without", id="none"),
        pytest.param([case(14)], "no_cases", "no_cases.days_without", id="day 14"),
        pytest.param([case(13)], "cases_or_outbreak", "cases_or_outbreak", id="day 13"),
        pytest.param([case(origin="imported")], "cases_or_outbreak", "cases_or_outbreak", id="in"),
        pytest.param([case(counts_as="suspected")], "no_cases", "no_cases.days_without", id="susp"),
        pytest.param(chain(9), "cases_or_outbreak", "cases_or_outbreak", id="one outbreak"),
        pytest.param(
            [case(origin="unknown"), case(13, origin="unknown")],
            "spread",
            "spread.unknown_origin_cases",
            id="two of unknown source",
        ),
        pytest.param(
            [case(origin="unknown"), case(14, origin="unknown")],
            "cases_or_outbreak",
            "cases_or_outbreak",
            id="one of them past",
        ),
        pytest.param(
            [*chain(2), *chain(2), *chain(2)], "spread", "spread.outbreaks", id="three outbreaks"
        ),
        pytest.param(
            [*chain(2), *chain(2), case()], "cases_or_outbreak", "cases_or_outbreak", id="two"
        ),
    ],
)
def test_community_is_in_the_notices_situation_when_cases_are_so(
    cases: list[Case], expected: str, key: str
) -> None:
    found = assess_situation(cases, TODAY, PACK)
    assert (found.situation, found.key) == (expected, f"situations.{key}")
    assert PACK.line(found.key)
    assert (found.situation == "no_cases") == (not found.evidence)
