"""The rules of venues: what the plan asks, what a person decides, and who yields. D6."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.venues.domain import (
    Asked,
    InForce,
    ManualRequest,
    Step,
    Venue,
    asked_of,
    capacity_told,
    measured,
    overrules,
    registered,
    requested,
)
from shared.clock.clock import CST
from shared.events.alerts.venues import (
    VENUE_KINDS,
    VenueClosed,
    VenueKind,
    VenueLimited,
    VenueOpened,
)
from shared.events.base import Cause
from shared.events.examples import example_id
from shared.policy.venues import VenueClosure, VenueLimit

AREA = "220581001003"
NOW = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
ASSUMED = 30


def cause(name: str) -> Cause:
    kind = "bulwark.alerts.risk_level_changed"
    return Cause(type=kind, id=example_id(name), area=AREA, occurred_at=NOW)


LIMIT = InForce(
    example_id("limit"),
    VenueLimit(limit_percent=50, closed_kinds=("day_care", "mahjong_room")),
    (cause("medium"),),
    "2021-01#measures.medium.venue_limit",
)
CLOSURE = InForce(
    example_id("closure"), VenueClosure(), (cause("high"),), "2021-01#measures.high.venue_closure"
)
LOWERED = (cause("lowered"),)
SHUT = ManualRequest("closed", reason="消防检修", by="lead-01")


def asked(venue: Venue, *measures: InForce) -> Asked:
    return asked_of(venue.kind, venue.capacity, ASSUMED, measures)


def venue(kind: VenueKind = "library", capacity: int | None = 41, **changes: Any) -> Venue:
    plain = Venue(example_id("venue"), AREA, kind, capacity, "open", NOW)
    return replace(plain, **changes)


def after(given_venue: Venue, *measures: InForce) -> Step:
    return measured(given_venue, asked(given_venue, *measures), LOWERED, NOW)


def after_request(given_venue: Venue, request: ManualRequest, *measures: InForce) -> Step:
    return requested(given_venue, request, asked(given_venue, *measures), NOW)


@pytest.mark.requirement("D6")
@pytest.mark.parametrize(
    ("kind", "capacity", "status", "limit"),
    [
        ("library", 41, "limited", 20),
        ("library", None, "limited", 15),
        ("meeting_room", 1, "limited", 1),
        ("mahjong_room", 41, "closed", None),
        ("day_care", None, "closed", None),
    ],
)
def test_venue_is_limited_or_closed_by_kind_when_a_limit_is_in_force(
    kind: VenueKind, capacity: int | None, status: str, limit: int | None
) -> None:
    found = asked_of(kind, capacity, ASSUMED, [LIMIT])
    assert (found.status, found.limit) == (status, limit)
    assert found.measure_id == LIMIT.measure_id


@pytest.mark.requirement("D6")
@given(st.sampled_from(VENUE_KINDS), st.permutations([LIMIT, CLOSURE]))
def test_every_kind_is_closed_when_a_closure_is_in_force(
    kind: VenueKind, measures: list[InForce]
) -> None:
    assert asked_of(kind, 40, ASSUMED, measures).status == "closed"
    assert asked_of(kind, 40, ASSUMED, [CLOSURE]).measure_id == CLOSURE.measure_id


@pytest.mark.requirement("D6")
def test_event_tells_measure_limit_and_cause_when_a_venue_is_limited() -> None:
    step = after(venue(), LIMIT)
    (event,) = step.events
    assert isinstance(event, VenueLimited)
    assert (event.limit, event.kind, event.measure_id) == (20, "library", LIMIT.measure_id)
    assert event.because == LIMIT.because == step.venue.because


@pytest.mark.requirement("D6")
def test_venue_opens_again_when_the_measure_that_closed_it_ends() -> None:
    step = after(after(venue(), CLOSURE).venue)
    (event,) = step.events
    assert isinstance(event, VenueOpened)
    assert (event.measure_id, event.because) == (CLOSURE.measure_id, LOWERED)
    assert (step.venue.status, step.venue.limit) == ("open", None)


def test_nothing_is_said_when_another_measure_asks_the_same() -> None:
    closed = after(venue("day_care"), CLOSURE).venue
    step = measured(closed, asked(closed, LIMIT), LOWERED, NOW + timedelta(days=1))
    assert step.events == ()
    assert (step.venue.measure_id, step.venue.since) == (LIMIT.measure_id, NOW)


@pytest.mark.requirement("D6")
def test_new_venue_is_as_the_plan_asks_when_a_measure_is_in_force() -> None:
    wanted = asked_of("day_care", None, ASSUMED, [LIMIT])
    step = registered(example_id("v"), AREA, "day_care", capacity=None, asked=wanted, now=NOW)
    (event,) = step.events
    assert isinstance(event, VenueClosed)
    assert event.because == LIMIT.because


def test_new_venue_is_no_news_when_it_is_open() -> None:
    step = registered(example_id("v"), AREA, "library", capacity=9, asked=Asked(), now=NOW)
    assert (step.venue.status, step.events) == ("open", ())


@pytest.mark.requirement("D6")
def test_venue_stays_closed_when_a_person_closed_it_and_the_plan_ends() -> None:
    shut = after_request(venue(), SHUT).venue
    during = after(shut, LIMIT)
    step = after(during.venue)
    assert (during.events, step.events) == ((), ())
    assert (step.venue.status, step.venue.hand) == ("closed", SHUT)


@pytest.mark.requirement("D6")
def test_venue_stays_closed_when_a_person_closed_what_the_plan_had_limited() -> None:
    limited = after(venue(), LIMIT).venue
    step = after_request(limited, SHUT, LIMIT)
    (event,) = step.events
    assert isinstance(event, VenueClosed)
    assert (event.reason, event.by, event.because) == ("消防检修", "lead-01", ())
    assert after(step.venue).venue.status == "closed"


def test_closing_by_hand_is_told_when_the_plan_had_closed_it_already() -> None:
    step = after_request(after(venue(), CLOSURE).venue, SHUT, CLOSURE)
    (event,) = step.events
    assert isinstance(event, VenueClosed)
    assert (event.reason, event.measure_id) == ("消防检修", None)
    assert after_request(step.venue, SHUT, CLOSURE).events == ()


def test_plan_rules_again_when_a_person_opens_what_a_person_closed() -> None:
    step = after_request(after_request(venue(), SHUT).venue, ManualRequest("open", reason="修好"))
    (event,) = step.events
    assert isinstance(event, VenueOpened)
    assert (event.reason, step.venue.hand) == ("修好", None)
    assert after(step.venue, LIMIT).venue.limit == 20


def test_stricter_limit_holds_when_person_and_plan_both_limit() -> None:
    ten = after_request(venue(), ManualRequest("limited", 10)).venue
    assert after(ten, LIMIT).venue.limit == 10
    thirty = after_request(venue(), ManualRequest("limited", 30)).venue
    during = after(thirty, LIMIT)
    assert during.venue.limit == 20
    ended = after(during.venue)
    (event,) = ended.events
    assert isinstance(event, VenueLimited)
    assert (event.limit, event.because) == (30, LOWERED)


@pytest.mark.parametrize(
    ("change", "measures", "weaker"),
    [
        (ManualRequest("open"), [LIMIT], True),
        (ManualRequest("open"), [], False),
        (ManualRequest("limited", 21), [LIMIT], True),
        (ManualRequest("limited", 20), [LIMIT], False),
        (ManualRequest("limited", 1), [CLOSURE], True),
        (ManualRequest("closed"), [CLOSURE], False),
        (ManualRequest("limited"), [LIMIT], False),
    ],
)
def test_plan_is_overruled_only_when_a_person_wants_more_open(
    change: ManualRequest, measures: list[InForce], weaker: bool
) -> None:
    assert overrules(change, asked(venue(), *measures)) is weaker


@pytest.mark.requirement("D6")
def test_order_by_hand_stands_until_the_measure_it_overrules_ends() -> None:
    closed = after(venue(), CLOSURE).venue
    opened = after_request(closed, ManualRequest("open", reason="指挥部决定"), CLOSURE)
    (event,) = opened.events
    assert isinstance(event, VenueOpened)
    assert opened.venue.hand is not None
    assert after(opened.venue, CLOSURE).venue.status == "open"
    over = after(opened.venue)
    assert (over.venue.hand, over.events) == (None, ())
    assert after(over.venue, LIMIT).venue.status == "limited"
    assert after(opened.venue, LIMIT).venue.status == "limited"


def test_plan_is_followed_again_when_a_person_limits_without_a_number() -> None:
    shut = after_request(after(venue(), LIMIT).venue, SHUT, LIMIT).venue
    step = after_request(shut, ManualRequest("limited", reason="恢复"), LIMIT)
    assert (step.venue.status, step.venue.limit, step.venue.hand) == ("limited", 20, None)
    assert step.venue.because == LIMIT.because
    assert after(step.venue).venue.status == "open"


def test_limit_changes_when_the_capacity_is_put_right() -> None:
    limited = after(venue(), LIMIT).venue
    step = capacity_told(limited, 61, asked(replace(limited, capacity=61), LIMIT), NOW)
    (event,) = step.events
    assert isinstance(event, VenueLimited)
    assert (event.limit, event.because, step.venue.capacity) == (30, (), 61)
    assert step.venue.because == LIMIT.because


PLANS: list[tuple[InForce, ...]] = [(), (LIMIT,), (CLOSURE,), (LIMIT, CLOSURE)]


@pytest.mark.requirement("D6")
@given(
    plans=st.lists(st.sampled_from(PLANS), max_size=8),
    last=st.sampled_from(PLANS),
    kind=st.sampled_from(VENUE_KINDS),
    at=st.integers(0, 8),
)
def test_end_is_the_same_when_measures_and_registration_come_in_any_order(
    plans: list[tuple[InForce, ...]], last: tuple[InForce, ...], kind: VenueKind, at: int
) -> None:
    """A venue known from the beginning ends as one that is registered in the middle or last."""
    ends = set()
    for first in (0, min(at, len(plans)), len(plans)):
        known = venue(kind)
        for measures in (*plans[first:], last):
            known = after(known, *measures).venue
        ends.add((known.status, known.limit, known.measure_id))
    assert len(ends) == 1


@given(
    plans=st.lists(st.sampled_from(PLANS), max_size=6),
    at=st.integers(0, 6),
    people=st.one_of(st.none(), st.integers(1, 100)),
)
def test_plan_undoes_only_what_it_did_when_it_ends(
    plans: list[tuple[InForce, ...]], at: int, people: int | None
) -> None:
    """What a person restricted, without overruling, is left when every measure is over."""
    known = venue()
    request = ManualRequest("closed") if people is None else ManualRequest("limited", people)
    for index, measures in enumerate([*plans, ()]):
        known = after(known, *measures).venue
        if index == min(at, len(plans)) and not overrules(request, asked(known, *measures)):
            known = after_request(known, request, *measures).venue
    assert (known.status, known.limit) == (
        (request.status, request.limit) if known.hand else ("open", None)
    )
