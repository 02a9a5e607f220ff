"""The rules of activities: what the level allows, what the plan calls off, reports. D7."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.activities.domain import (
    Activity,
    Reason,
    Rules,
    Stop,
    applied,
    barred,
    called_off,
    decided,
    may_be_called_off,
    refused_by_plan,
    report_fault,
    reported,
    stopped,
    time_fault,
)
from shared.clock.clock import CST
from shared.events.alerts.activities import (
    ACTIVITY_KINDS,
    ActivityApplied,
    ActivityApproved,
    ActivityCalledOff,
    ActivityKind,
    ActivityRefused,
    ActivityReported,
)
from shared.events.base import Cause
from shared.events.examples import example_id
from shared.events.vocabulary import LEVELS, Level
from shared.policy.pack import load_pack
from tests.support.paths import SHIPPED_PACK

PACK = load_pack(SHIPPED_PACK)
AREA = "220581001003"
NOW = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
CAUSES = (
    Cause(
        type="bulwark.alerts.risk_level_changed",
        id=example_id("raised"),
        area=AREA,
        occurred_at=NOW,
    ),
)
POSTPONED = Stop(example_id("meetings"), 0, "2021-01#measures.medium.meeting_postponement", CAUSES)


def stop(above: int, level: Level) -> Stop:
    return Stop(example_id(level), above, f"2021-01#measures.{level}.activity_stop", CAUSES)


LOW = Rules(PACK, "low")
MEDIUM = Rules(PACK, "medium", stop(50, "medium"), POSTPONED)
HIGH = Rules(PACK, "high", stop(0, "high"), POSTPONED)
UNDER: dict[Level, Rules] = {"low": LOW, "medium": MEDIUM, "high": HIGH}


def activity(**changes: Any) -> Activity:
    starts, ends = NOW + timedelta(days=2), NOW + timedelta(days=2, hours=4)
    plain = Activity(example_id("activity"), AREA, "banquet", 80, starts, ends, "applied", NOW)
    return replace(plain, **changes)


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    ("kind", "people", "level", "line"),
    [
        ("wedding", 500, "low", None),
        ("wedding", 501, "low", "2021-01#activities.low.max_people"),
        ("funeral", 101, "low", "2021-01#activities.low.max_people_of.funeral"),
        ("culture", 50, "medium", None),
        ("culture", 51, "medium", "2021-01#measures.medium.activity_stop"),
        ("wedding", 1, "medium", "2021-01#activities.medium.max_people_of.wedding"),
        ("banquet", 1, "medium", "2021-01#activities.medium.max_people_of.banquet"),
        ("funeral", 20, "medium", None),
        ("funeral", 21, "medium", "2021-01#activities.medium.max_people_of.funeral"),
        ("meeting", 1, "medium", "2021-01#measures.medium.meeting_postponement"),
        ("training", 1, "high", "2021-01#measures.high.activity_stop"),
    ],
)
def test_strictest_line_is_named_when_an_activity_is_barred(
    kind: ActivityKind, people: int, level: Level, line: str | None
) -> None:
    bar = barred(kind, people, UNDER[level])
    assert (bar.line if bar else None) == line


@pytest.mark.requirement("D7")
@given(st.sampled_from(ACTIVITY_KINDS), st.integers(1, 1000), st.integers(0, 1))
def test_what_a_level_bars_is_barred_when_the_level_is_stronger(
    kind: ActivityKind, people: int, index: int
) -> None:
    weaker, stronger = UNDER[LEVELS[index]], UNDER[LEVELS[index + 1]]
    if barred(kind, people, weaker):
        assert barred(kind, people, stronger)


def test_person_decides_when_only_the_number_for_approval_is_passed() -> None:
    assert barred("wedding", 501, LOW)
    assert stopped("wedding", 501, LOW) is None
    assert stopped("wedding", 1, MEDIUM) is not None


@pytest.mark.requirement("D7")
def test_only_meetings_are_stopped_when_they_alone_are_postponed() -> None:
    rules = Rules(PACK, "low", None, POSTPONED)
    found = stopped("meeting", 5, rules)
    assert found is not None
    assert found[1] is POSTPONED
    assert stopped("culture", 400, rules) is None


@pytest.mark.parametrize(
    ("start", "end", "fault"),
    [
        (2, 3, None),
        (2, 2, ("ends_before_start", "ends_at")),
        (3, 2, ("ends_before_start", "ends_at")),
        (0, 2, ("already_begun", "starts_at")),
        (-2, -1, ("already_begun", "starts_at")),
    ],
)
def test_times_are_refused_when_they_cannot_be(
    start: int, end: int, fault: tuple[str, str] | None
) -> None:
    hours = timedelta(hours=1)
    assert time_fault(NOW + start * hours, NOW + end * hours, NOW) == fault


def test_event_tells_kind_people_and_times_when_applied_for() -> None:
    (event,) = applied(activity()).events
    assert isinstance(event, ActivityApplied)
    assert (event.kind, event.people, event.because) == ("banquet", 80, ())
    assert event.starts_at == NOW + timedelta(days=2)


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    ("accept", "model", "status"),
    [(True, ActivityApproved, "approved"), (False, ActivityRefused, "refused")],
)
def test_decision_is_told_with_reason_and_person_when_made(
    accept: bool, model: type[ActivityApproved | ActivityRefused], status: str
) -> None:
    step = decided(activity(), accept=accept, reason="控制人数", by="lead-01", now=NOW)
    (event,) = step.events
    assert isinstance(event, model)
    assert (event.reason, event.by, step.activity.status) == ("控制人数", "lead-01", status)


@pytest.mark.requirement("D7")
def test_plan_refuses_at_once_with_cause_and_measure_when_it_forbids() -> None:
    found = stopped("banquet", 80, MEDIUM)
    assert found is not None
    bar, behind = found
    step = refused_by_plan(activity(), bar, behind.because, Reason("宴会不办", "no banquets"), NOW)
    (event,) = step.events
    assert isinstance(event, ActivityRefused)
    assert (event.because, event.measure_id, event.by) == (CAUSES, behind.measure_id, None)
    assert step.activity.policy == "2021-01#activities.medium.max_people_of.banquet"


@pytest.mark.requirement("D7")
@pytest.mark.parametrize(
    ("status", "hours", "may"),
    [
        ("applied", 0, True),
        ("approved", 47, True),
        ("approved", 48, False),
        ("refused", 0, False),
        ("called_off", 0, False),
        ("reported", 0, False),
    ],
)
def test_activity_is_called_off_only_when_it_lies_ahead(status: Any, hours: int, may: bool) -> None:
    assert may_be_called_off(activity(status=status), NOW + timedelta(hours=hours)) is may


@pytest.mark.requirement("D7")
def test_event_tells_cause_measure_and_reason_when_called_off() -> None:
    found = stopped("banquet", 80, HIGH)
    assert found is not None
    step = called_off(activity(status="approved"), found[0], CAUSES, Reason("停办", "stopped"), NOW)
    (event,) = step.events
    assert isinstance(event, ActivityCalledOff)
    assert (event.because, event.reason, event.reason_en) == (CAUSES, "停办", "stopped")
    assert event.measure_id == example_id("high") == step.activity.measure_id
    assert step.activity.status == "called_off"


@pytest.mark.requirement("D7")
def test_report_waits_until_an_approved_activity_is_over() -> None:
    approved = activity(status="approved")
    over = NOW + timedelta(days=2, hours=4)
    assert report_fault(approved, over - timedelta(seconds=1)) == ("not_over", "ends_at")
    assert report_fault(approved, over) is None
    for status in ("applied", "refused", "called_off", "reported"):
        assert report_fault(activity(status=status), over) == ("activity_not_approved", "status")


@pytest.mark.requirement("D7")
def test_event_tells_how_many_came_when_reported() -> None:
    step = reported(activity(status="approved"), people=61, abnormal=True, by="lead-01", now=NOW)
    (event,) = step.events
    assert isinstance(event, ActivityReported)
    assert (event.people, event.abnormal, event.reason) == (61, True, None)
    assert (step.activity.status, step.activity.people, step.activity.came) == ("reported", 80, 61)


@pytest.mark.requirement("D7")
@given(
    kind=st.sampled_from(ACTIVITY_KINDS),
    people=st.integers(1, 600),
    levels=st.lists(st.sampled_from(LEVELS), min_size=1, max_size=6),
    at=st.integers(0, 5),
)
def test_it_does_not_take_place_when_any_level_since_the_application_forbids_it(
    kind: ActivityKind, people: int, levels: list[Level], at: int
) -> None:
    """Refused at once or called off later, and not revived: the order makes no other difference."""
    at = min(at, len(levels) - 1)
    now = activity(kind=kind, people=people)
    for index, level in enumerate(levels[at:]):
        found = stopped(kind, people, UNDER[level])
        if found and index == 0:
            now = refused_by_plan(now, found[0], CAUSES, Reason("停办", "stopped"), NOW).activity
        elif found and may_be_called_off(now, NOW):
            now = called_off(now, found[0], CAUSES, Reason("停办", "stopped"), NOW).activity
    forbidden = any(stopped(kind, people, UNDER[level]) for level in levels[at:])
    assert (now.status in ("refused", "called_off")) is forbidden
