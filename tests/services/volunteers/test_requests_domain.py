"""States, deadlines and what is told of requests. V1, V2, V7."""

from datetime import datetime, timedelta

import pytest

from bulwark.data_folder import SHIPPED_POLICIES
from services.volunteers.requests import domain
from services.volunteers.requests.domain import Step
from shared.clock.clock import CST
from shared.policy.pack import load_pack

NOW = datetime(2021, 1, 18, 8, tzinfo=CST)
RULES = load_pack(SHIPPED_POLICIES / "2021-01.toml").requests


@pytest.mark.requirement("V2")
@pytest.mark.parametrize(
    ("step", "statuses"),
    [
        ("match", {"open", "matched"}),
        ("start", {"matched"}),
        ("complete", {"matched", "started"}),
        ("cancel", {"open", "matched", "started"}),
        ("grant", {"matched", "started"}),
    ],
)
def test_step_is_allowed_when_the_status_fits(step: Step, statuses: set[str]) -> None:
    every = ("open", "matched", "started", "completed", "cancelled")
    assert {status for status in every if domain.allows(step, status)} == statuses


@pytest.mark.requirement("V3")
def test_what_was_begun_is_given_up_when_the_helper_may_be_ill() -> None:
    assert domain.given_up("fever") == domain.given_up("observation") == ("matched", "started")
    assert domain.given_up("rest") == domain.given_up("leave") == ("matched",)


def test_due_is_as_asked_or_by_the_kind_when_not_asked() -> None:
    asked = NOW + timedelta(hours=1)
    assert domain.due_at("medicine", asked, NOW, RULES) == asked
    hours = timedelta(hours=RULES.due_hours["medicine"])
    assert domain.due_at("medicine", None, NOW, RULES) == NOW + hours


def test_time_asked_for_is_past_when_it_lies_before_now() -> None:
    assert domain.is_past(NOW - timedelta(seconds=1), NOW)
    assert not domain.is_past(NOW, NOW)
    assert not domain.is_past(None, NOW)


@pytest.mark.requirement("V2")
def test_request_climbs_before_it_is_due_when_nobody_has_begun() -> None:
    minutes = timedelta(minutes=RULES.escalate_minutes_before_due)
    assert domain.climbs_at(NOW, RULES) == NOW - minutes
    assert domain.climbs("open", None)
    assert domain.climbs("matched", None)
    assert not domain.climbs("open", NOW)
    assert not any(domain.climbs(status, None) for status in ("started", "completed", "cancelled"))


@pytest.mark.parametrize(
    ("area", "level"),
    [
        ("220581001001001", "community"),
        ("220581001001", "township"),
        ("220581001", "county"),
        ("22", "province"),
    ],
)
def test_level_above_is_named_when_a_request_climbs(area: str, level: str) -> None:
    assert domain.level_above(area) == level


@pytest.mark.requirement("V7")
def test_nobody_is_named_in_events_when_help_is_psychological() -> None:
    assert domain.person_told("psychological", "p") is None
    assert domain.person_told("goods", "p") == "p"
