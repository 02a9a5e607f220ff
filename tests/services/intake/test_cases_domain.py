"""Which reports of a case can be, and in which order. I9."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.cases import domain
from services.intake.cases.domain import Facts
from shared.events.intake.cases import CASE_STATUSES, CaseStatus

TODAY = date(2021, 1, 18)
EARLIER = date(2021, 1, 15)
A_CASE = "00000000-0000-4000-8000-00000000000a"
B_CASE = "00000000-0000-4000-8000-00000000000b"
C_CASE = "00000000-0000-4000-8000-00000000000c"

statuses = st.sampled_from(CASE_STATUSES)


def first_fault(said: dict[str, Any]) -> domain.Fault | None:
    return domain.fault_of(A_CASE, domain.first(said, TODAY), said, TODAY)


@pytest.mark.requirement("I9")
def test_day_of_confirmation_is_the_day_of_the_report_when_none_is_given() -> None:
    assert domain.first({"status": "confirmed"}, TODAY).confirmed_on == TODAY
    given_day = {"status": "confirmed", "confirmed_on": EARLIER}
    assert domain.first(given_day, TODAY).confirmed_on == EARLIER
    for status in set(CASE_STATUSES) - {"confirmed"}:
        assert domain.first({"status": status}, TODAY).confirmed_on is None


def test_day_of_confirmation_is_the_day_it_turned_when_it_turned_later() -> None:
    carrier = Facts(status="asymptomatic", confirmed_on=EARLIER)
    assert domain.later(carrier, {"status": "confirmed"}, TODAY).confirmed_on == TODAY
    confirmed = Facts(status="confirmed", confirmed_on=EARLIER)
    for status in ("confirmed", "recovered", "died"):
        assert domain.later(confirmed, {"status": status}, TODAY).confirmed_on == EARLIER


def test_later_report_keeps_what_it_leaves_out() -> None:
    before = Facts("suspected", "p", None, EARLIER, "imported", "market", (B_CASE,))
    after = domain.later(before, {"status": "confirmed"}, TODAY)
    assert after == Facts("confirmed", "p", TODAY, EARLIER, "imported", "market", (B_CASE,))
    changed = domain.later(
        after, {"status": "confirmed", "origin": None, "linked_to": (C_CASE, B_CASE, C_CASE)}, TODAY
    )
    assert (changed.origin, changed.linked_to) == ("unknown", (B_CASE, C_CASE))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"status": "confirmed", "confirmed_on": date(2021, 1, 19)}, "confirmed_on"),
        ({"status": "suspected", "onset_on": date(2021, 1, 19)}, "onset_on"),
        ({"status": "confirmed", "confirmed_on": EARLIER, "onset_on": TODAY}, "onset_on"),
        ({"status": "suspected", "confirmed_on": EARLIER}, "confirmed_on"),
        ({"status": "cleared", "confirmed_on": EARLIER}, "confirmed_on"),
        ({"status": "suspected", "linked_to": (A_CASE,)}, "linked_to"),
    ],
)
def test_fault_names_the_field_when_a_report_cannot_be(said: dict[str, Any], field: str) -> None:
    fault = first_fault(said)
    assert fault is not None
    assert fault.field == field


@pytest.mark.parametrize("status", CASE_STATUSES)
def test_no_fault_when_a_first_report_says_only_its_status(status: CaseStatus) -> None:
    assert first_fault({"status": status}) is None


def test_fault_names_the_day_that_was_given_when_it_contradicts_the_one_known() -> None:
    before = Facts(status="suspected", onset_on=TODAY)
    said = {"status": "confirmed", "confirmed_on": EARLIER}
    fault = domain.fault_of(A_CASE, domain.later(before, said, TODAY), said, TODAY)
    assert fault is not None
    assert fault.field == "confirmed_on"


@pytest.mark.requirement("I9")
@pytest.mark.parametrize(
    ("before", "status", "allowed"),
    [
        ("suspected", "confirmed", True),
        ("suspected", "cleared", True),
        ("suspected", "recovered", False),
        ("asymptomatic", "confirmed", True),
        ("asymptomatic", "cleared", True),
        ("asymptomatic", "suspected", False),
        ("confirmed", "recovered", True),
        ("confirmed", "died", True),
        ("confirmed", "cleared", False),
        ("confirmed", "suspected", False),
        ("recovered", "confirmed", False),
        ("cleared", "suspected", False),
        ("died", "recovered", False),
        ("died", "died", True),
    ],
)
def test_status_follows_another_when_the_course_of_the_illness_allows_it(
    before: CaseStatus, status: CaseStatus, allowed: bool
) -> None:
    fault = domain.change_fault(Facts(before), Facts(status))
    assert (fault is None) is allowed
    assert fault is None or fault.field == "status"


def test_fault_names_the_person_when_a_report_is_of_another() -> None:
    fault = domain.change_fault(Facts("suspected", "one"), Facts("suspected", "other"))
    assert fault is not None
    assert fault.field == "person_id"
    assert domain.change_fault(Facts("suspected"), Facts("suspected", "one")) is None


@given(statuses, st.lists(statuses, max_size=20))
def test_a_case_that_ended_never_goes_on_whatever_is_reported(
    status: CaseStatus, reports: list[CaseStatus]
) -> None:
    ended: CaseStatus | None = None
    facts = Facts(status)
    for wanted in reports:
        if facts.status in {"cleared", "recovered", "died"}:
            ended = ended or facts.status
        after = domain.later(facts, {"status": wanted}, TODAY)
        if domain.change_fault(facts, after) is None:
            facts = after
        assert facts.status in domain.next_statuses(facts.status)
    assert ended is None or facts.status == ended


@given(statuses, statuses)
def test_no_two_statuses_follow_each_other_both_ways(one: CaseStatus, other: CaseStatus) -> None:
    assert not (other in domain.FOLLOWS[one] and one in domain.FOLLOWS[other])


@given(
    statuses,
    st.none() | st.dates(date(2020, 12, 1), date(2021, 2, 1)),
    st.none() | st.dates(date(2020, 12, 1), date(2021, 2, 1)),
)
def test_accepted_dates_are_in_order_and_past(
    status: CaseStatus, confirmed_on: date | None, onset_on: date | None
) -> None:
    said = {"status": status, "confirmed_on": confirmed_on, "onset_on": onset_on}
    facts = domain.first(said, TODAY)
    if domain.fault_of(A_CASE, facts, said, TODAY) is None:
        days = [day for day in (facts.onset_on, facts.confirmed_on, TODAY) if day is not None]
        assert days == sorted(days)
